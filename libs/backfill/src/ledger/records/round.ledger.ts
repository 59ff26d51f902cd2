import { nullable, number, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { isoTime } from '../../postgres/text-format.js';
import type { LedgerContext } from '../ledger.context.js';

/** The number of the schema step that creates the table of rounds. */
export const ROUND_SCHEMA_STEP = 11;

/** What a round of catch-up has done in one database. */
export interface NewRound {
  readonly job: string;
  readonly durationMs: number;
  /** Backfills that were inspected. */
  readonly inspected: number;
  /** Backfills that were due. */
  readonly ran: number;
  /** Rows. */
  readonly updated: number;
  /** Backfills that failed or could not be inspected. */
  readonly failed: number;
  readonly problem: string | null;
}

/** The rounds of catch-up. */
export class RoundLedger {
  readonly #schema: string;
  readonly #owner: string;

  constructor({ schema, owner }: Pick<LedgerContext, 'schema' | 'owner'>) {
    this.#schema = schema;
    this.#owner = owner;
  }

  /** Adds a round that has just ended, and deletes old ones. */
  add({ job, durationMs, problem, ...counts }: NewRound): readonly Statement[] {
    const table = `${this.#schema}.catch_up_round`;
    const process = this.#owner.split(':').slice(0, 2).join(':');
    const { inspected, ran, updated, failed } = counts;
    return [
      {
        text: `INSERT INTO ${table} (job, process, started_at, inspected, ran, updated, failed, problem)
          VALUES ($1, $2, pg_catalog.clock_timestamp() - $3::float8 * interval '1 millisecond', $4::int, $5::int, $6::bigint, $7::int, $8)`,
        values: [job, process, ...[durationMs, inspected, ran, updated, failed].map(String), problem],
      },
      {
        text: `DELETE FROM ${table} WHERE ended_at < pg_catalog.clock_timestamp() - CASE WHEN ran = 0 AND failed = 0
          THEN interval '1 hour' ELSE interval '30 days' END`,
      },
    ];
  }

  /** The last rounds, the newest first. */
  async last(session: Session, limit: number) {
    const { last } = await session.send([
      {
        text: `SELECT job, process, ${isoTime('started_at')}, ${isoTime('ended_at')}, inspected::text, ran::text, updated::text, failed::text, problem
          FROM ${this.#schema}.catch_up_round ORDER BY id DESC LIMIT $1::int`,
        values: [String(limit)],
      },
    ]);
    return last.all({
      job: text,
      process: text,
      startedAt: text,
      endedAt: text,
      inspected: number,
      ran: number,
      updated: number,
      failed: number,
      problem: nullable(text),
    });
  }
}
