import type { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';
import { keyToJson, requiredKey, type Key, type LeasedRange } from '../range.js';

/** SQL expressions that select rows of the table. */
export interface SkippedRows {
  /** The key as JSON. */
  readonly key: string;
  readonly tenant: string;
  /** The SQL after `FROM`. */
  readonly from: string;
}

/** The rows of one backfill that a sweep has skipped because another transaction had locked them. */
export class SkippedRowLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /** An INSERT of skipped rows for the settling pass of the range. */
  insert(parameters: Parameters, range: LeasedRange, { key, tenant, from }: SkippedRows): string {
    const { name, version, target } = this.#context.parameters(parameters);
    return `INSERT INTO ${this.#context.schema}.skipped_row (name, version, target, key, range_id, tenant)
      SELECT ${name}, ${version}, ${target}, ${key}, ${parameters.add(range.id, 'bigint')}, ${tenant} FROM ${from}
      ON CONFLICT DO NOTHING`;
  }

  /** A DELETE of the rows whose keys are in the column `key` of the CTE. */
  remove(parameters: Parameters, cte: string): string {
    return `DELETE FROM ${this.#context.schema}.skipped_row AS s USING ${cte}
      WHERE ${this.#context.isSubject(parameters, 's')} AND s.key = ${cte}.key`;
  }

  /**
   * The keys of the range's skipped rows after `after`, in the order of their JSON.
   *
   * @param after null: from the start
   */
  async list(session: Session, range: LeasedRange, after: Key | null, limit: number): Promise<Key[]> {
    const { last } = await session.send([
      {
        text: `SELECT key::text FROM ${this.#context.schema}.skipped_row
               WHERE range_id = $1::bigint AND ($2::jsonb IS NULL OR key > $2::jsonb) ORDER BY key LIMIT $3::int`,
        values: [range.id, keyToJson(after), String(limit)],
      },
    ]);
    return last.values(requiredKey);
  }
}
