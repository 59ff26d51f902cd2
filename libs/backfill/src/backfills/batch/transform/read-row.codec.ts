import { ROW, type TransformDefinition } from '../../definition/definition.js';
import { text } from '../../../postgres/decoders.js';
import type { Session } from '../../../postgres/session.js';
import type { StatementResult } from '../../../postgres/statement-result.js';
import { RowCodec } from '../row.codec.js';
import type { RowSelection } from '../row-selection.js';
import type { ReadRow } from './transform.row.js';

/** The number of columns before the key: ctid, tableoid, xmin and tenant. */
const FIXED_COLUMNS = 4;

/** The select list of `transform`, and how its rows are decoded. */
export class ReadRowCodec {
  readonly #selection: RowSelection;
  readonly #definition: TransformDefinition;
  readonly #codec: RowCodec;

  constructor(selection: RowSelection, definition: TransformDefinition) {
    this.#selection = selection;
    this.#definition = definition;
    this.#codec = new RowCodec(definition);
  }

  get columns(): string {
    const selection = this.#selection;
    return [
      `${ROW}.ctid::text`,
      selection.facts.hasChildTables ? `${ROW}.tableoid::text` : 'NULL',
      `${ROW}.xmin::text`,
      selection.tenantText,
      ...selection.keyTexts,
      selection.readColumns(this.#definition),
    ].join(', ');
  }

  /** Reads columns by position, because this code runs for every row of every batch. */
  decode(session: Session, result: StatementResult): ReadRow[] {
    const { reads, key } = this.#definition;
    const readsAt = FIXED_COLUMNS + key.length;
    const toEntity = this.#codec.decoder(session, result, reads, readsAt);
    return result.rows.map((row) => ({
      ctid: text(row[0] ?? null),
      tableOid: row[1] ?? null,
      xmin: text(row[2] ?? null),
      tenant: row[3] ?? null,
      key: row.slice(FIXED_COLUMNS, readsAt).map(text),
      entity: toEntity(row),
    }));
  }
}
