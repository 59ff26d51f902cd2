import { ROW, type BackfillDefinition, type TransformDefinition } from '../../definition/definition.js';
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
      ...(keyOfVersion(selection).length > 0 ? selection.keyTexts : []),
      selection.readColumns(this.#definition),
    ].join(', ');
  }

  /** Reads columns by position, because this code runs for every row of every batch. */
  decode(session: Session, result: StatementResult): ReadRow[] {
    const { reads } = this.#definition;
    const readsAt = FIXED_COLUMNS + keyOfVersion(this.#selection).length;
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

/**
 * The columns of the key if they identify a version of a row together with its ctid and xmin. In page order those
 * two suffice, as long as the table has the same file.
 */
export function keyOfVersion({ definition, file }: RowSelection): BackfillDefinition['key'] {
  return file === null ? definition.key : [];
}
