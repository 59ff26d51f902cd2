import type { Session } from '../../postgres/session.js';
import type { SubjectContext } from '../ledger.context.js';
import { keyToJson, requiredKey, type Key, type LeasedRange } from '../range.js';

/** The rows of one backfill that a sweep has skipped, since another transaction held them. */
export class SkippedRowLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
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
