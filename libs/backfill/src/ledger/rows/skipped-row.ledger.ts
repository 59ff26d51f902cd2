import type { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';
import { keyToJson, requiredKey, type Key, type LeasedRange } from '../range.js';

/** Rows of the table as SQL. */
export interface SkippedRows {
  /** The key as JSON. */
  readonly key: string;
  readonly tenant: string;
  /** What follows FROM. */
  readonly from: string;
}

/** The rows of one backfill that a sweep has skipped, since another transaction held them. */
export class SkippedRowLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /** An INSERT of the rows that the range has skipped. */
  insert(parameters: Parameters, range: LeasedRange, { key, tenant, from }: SkippedRows): string {
    const { name, version } = this.#context.parameters(parameters);
    return `INSERT INTO ${this.#context.schema}.skipped_row (name, version, key, range_id, tenant)
      SELECT ${name}, ${version}, ${key}, ${parameters.add(range.id, 'bigint')}, ${tenant} FROM ${from}
      ON CONFLICT DO NOTHING`;
  }

  /** A DELETE of the rows whose keys the CTE has in its column `key`. */
  remove(parameters: Parameters, cte: string): string {
    const { name, version } = this.#context.parameters(parameters);
    return `DELETE FROM ${this.#context.schema}.skipped_row AS s USING ${cte}
      WHERE s.name = ${name} AND s.version = ${version} AND s.key = ${cte}.key`;
  }

  /** Skipped rows of the range after `after`, in the order of their keys' JSON. */
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
