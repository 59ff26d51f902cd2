import type { DataSource } from 'typeorm';
import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { TextRow } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { toText } from '../../postgres/text-format.js';

/** Rows as the application's code knows them: TypeORM's own conversions, for the named columns alone. */
export class RowCodec {
  readonly #dataSource: DataSource;

  constructor(dataSource: DataSource) {
    this.#dataSource = dataSource;
  }

  /** @param offset where the columns stand in the row */
  decode(
    session: Session,
    columns: readonly ColumnMetadata[],
    row: TextRow,
    types: readonly number[],
    offset: number,
  ): Record<string, unknown> {
    const entity: Record<string, unknown> = {};
    columns.forEach((column, at) => {
      const raw = session.parse(row[offset + at] ?? null, types[offset + at] ?? 25);
      column.setEntityValue(entity, this.#dataSource.driver.prepareHydratedValue(raw, column));
    });
    return entity;
  }

  encode(column: ColumnMetadata, value: unknown): string | null {
    return toText(this.#dataSource.driver.preparePersistentValue(value, column));
  }
}
