import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import type { TransformDefinition } from '../../definition/definition.js';
import { TransformResultError } from '../../run.error.js';
import { toCodeError } from '../batch-code.error.js';
import { RowCodec, type ReadEntity } from '../row.codec.js';
import type { ReadRow, RowChange } from './transform.row.js';

type Result = Partial<ReadEntity> | null | undefined;

/** Calls the application's `transform()` and checks and encodes what it returns. */
export class TransformCode {
  readonly #definition: TransformDefinition;
  readonly #codec: RowCodec;
  readonly #writtenPaths: readonly string[];
  /** The written columns that the code also reads; null for the others. */
  readonly #carried: readonly (ColumnMetadata | null)[];

  constructor(definition: TransformDefinition) {
    this.#definition = definition;
    this.#codec = new RowCodec(definition);
    this.#writtenPaths = definition.writes.map(({ propertyPath }) => propertyPath);
    this.#carried = definition.writes.map((column) => (definition.reads.includes(column) ? column : null));
  }

  /** @throws BatchCodeError, BackfillRetryError or a database error of the code; TransformResultError */
  async compute(
    rows: readonly ReadRow[],
    batch: { readonly number: number; readonly signal: AbortSignal },
  ): Promise<RowChange[]> {
    if (rows.length === 0) return [];
    const { writes } = this.#definition;
    // Before the code runs, because it may change an object in place and return it.
    const before = rows.map(({ entity }) => this.#carried.map((column) => this.#encodeRead(column, entity)));
    const results = await this.#call(rows, batch);
    return rows.map((row, at) => {
      const values = this.#encode(results[at], writes);
      return {
        row,
        values: values.map((value, index) => (value === before[at]?.[index] ? undefined : value)),
      };
    });
  }

  /**
   * The value that the code reads, as it would be written. If the code returns the same, the column keeps its value:
   * a Date has no microseconds, and a number in JSON only 53 bits.
   */
  #encodeRead(column: ColumnMetadata | null, entity: ReadEntity): string | null | undefined {
    if (column === null) return undefined;
    try {
      return this.#codec.encode(column, column.getEntityValue(entity));
    } catch {
      return undefined; // e.g. a transformer that writes only values of the new form
    }
  }

  async #call(
    rows: readonly ReadRow[],
    batch: { readonly number: number; readonly signal: AbortSignal },
  ): Promise<readonly Result[]> {
    const { name, version, code } = this.#definition;
    let results: unknown;
    try {
      results = await code.transform(
        rows.map(({ entity }) => entity),
        { backfill: name, version, batch: batch.number, signal: batch.signal },
      );
    } catch (error) {
      throw toCodeError(name, error);
    }
    if (isList(results) && results.length === rows.length) return results;
    const returned = isList(results) ? `${results.length} entries` : typeof results;
    throw new TransformResultError(
      name,
      `returned ${returned} for ${rows.length} rows`,
      'Return one entry per row, in the order of the rows.',
    );
  }

  #encode(result: Result, writes: readonly ColumnMetadata[]): RowChange['values'] {
    const unknown = Object.keys(result ?? {}).find((property) => !this.#isWritten(property));
    if (unknown !== undefined) {
      throw new TransformResultError(
        this.#definition.name,
        `returned "${unknown}", which is not in \`writes\``,
        `Add it to \`writes\` of ${this.#definition.className}, or leave it out.`,
      );
    }
    return writes.map((column) => {
      const value: unknown = result ? column.getEntityValue(result) : undefined;
      return value === undefined ? undefined : this.#codec.encode(column, value);
    });
  }

  /** The property is a written column, or an embedded object with written columns. */
  #isWritten(property: string): boolean {
    return this.#writtenPaths.some((path) => path === property || path.startsWith(`${property}.`));
  }
}

function isList(results: unknown): results is readonly Result[] {
  return Array.isArray(results);
}
