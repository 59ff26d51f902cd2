import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { Session } from '../../postgres/session.js';
import type { StatementResult, TextRow } from '../../postgres/statement-result.js';
import { toText } from '../../postgres/text-format.js';

/** A partial entity: only the columns that the backfill reads. */
export type ReadEntity = Record<string, unknown>;

/** The type OID of `text`, for a column whose type is not known. */
const TEXT_OID = 25;

/**
 * Converts values as TypeORM does, so that the application's code receives the same values as from a
 * repository.
 */
export class RowCodec {
  readonly #dataSource: DataSource;
  readonly #asText: ReadonlySet<ColumnMetadata>;

  /** @param definition `asText`: columns whose values pass as PostgreSQL's text, without a conversion */
  constructor({
    dataSource,
    asText,
  }: {
    readonly dataSource: DataSource;
    readonly asText: ReadonlySet<ColumnMetadata>;
  }) {
    this.#dataSource = dataSource;
    this.#asText = asText;
  }

  /**
   * @param result of a statement that was sent with `typed`
   * @param offset the position of the first column in the select list
   * @returns a function that decodes one row of the result
   */
  decoder(
    session: Session,
    { types = [] }: StatementResult,
    columns: readonly ColumnMetadata[],
    offset: number,
  ): (row: TextRow) => ReadEntity {
    return (row) => {
      const entity: ReadEntity = {};
      columns.forEach((column, at) => {
        if (this.#asText.has(column)) {
          column.setEntityValue(entity, row[offset + at] ?? null);
          return;
        }
        const raw = session.parse(row[offset + at] ?? null, types[offset + at] ?? TEXT_OID);
        column.setEntityValue(entity, this.#dataSource.driver.prepareHydratedValue(raw, column));
      });
      return entity;
    };
  }

  encode(column: ColumnMetadata, value: unknown): string | null {
    if (typeof value === 'string' && this.#asText.has(column)) return value;
    return toText(this.#dataSource.driver.preparePersistentValue(value, column));
  }
}
