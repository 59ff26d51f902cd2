import { boolean, nullable, number, oneOf, text } from '../postgres/decoders.js';
import { isoTime } from '../postgres/text-format.js';
import type { Session } from '../postgres/session.js';
import type { SubjectContext } from './ledger.context.js';
import { keyFromJson, keyToJson, type Key } from './range.js';
import type { BackfillStatus } from './status.js';

/** The facts about a backfill that catch-up reads before it probes the table. */
export interface CatchUpRecord {
  readonly status: BackfillStatus;
  /** The constraint or the migration that seals the backfill; null: not sealed. */
  readonly sealedBy: string | null;
  /** The highest version that any deployment has run. */
  readonly newestVersion: number;
  /** The owner of a lease that has not expired; null if there is none. */
  readonly leasedBy: string | null;
  /** Whether the ledger has ranges that are not done. */
  readonly hasUnfinished: boolean;
  readonly hasQuarantined: boolean;
  /** Whether the pause after the last probe has not ended yet. */
  readonly isPostponed: boolean;
  /**
   * The last key that the last probe read; null: start with the first key, or an index serves the predicate.
   */
  readonly cursor: Key | null;
}

/** The result of a probe for pending rows. */
export interface ProbeRecord {
  /** The index that serves the pending predicate; null if there is none. */
  readonly index: string | null;
  /** The last key that was read; null: the next probe starts with the first key. */
  readonly cursor: Key | null;
  /** Milliseconds until the next probe may start. */
  readonly pauseMs: number;
}

/** The part of the `--status` report about catch-up. */
export interface CatchUpSummary {
  /**
   * The constraint or the migration that prevents rows from becoming pending again; null if there is none.
   */
  readonly sealedBy: string | null;
  /** The rows that became pending after the first completion and were changed. */
  readonly drift: {
    readonly rows: number;
    /** The number of runs that found such rows in a complete backfill. */
    readonly times: number;
    /** Start of the last of these runs, ISO 8601, by the database's clock. */
    readonly lastAt: string | null;
  };
  /** The last probe for pending rows: its time, and the index that it used; null if there was no probe. */
  readonly looked: { readonly at: string; readonly index: string | null } | null;
}

/** The number of the schema step that creates the table and the columns of catch-up. */
export const CATCH_UP_SCHEMA_STEP = 4;

/** By way of JSON, because a ledger that is not upgraded yet does not have the column. */
const PRUNED_DRIFTS = `coalesce((pg_catalog.to_jsonb(b)->>'pruned_drifts'::text)::bigint, 0::bigint)`;

export const NO_CATCH_UP = {
  sealedBy: null,
  drift: { rows: 0, times: 0, lastAt: null },
  looked: null,
} as const satisfies CatchUpSummary;

/** The probes, the seal and the drift of one backfill. */
export class CatchUpLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /**
   * Reads the record of catch-up.
   *
   * @param ranges `every` includes the ranges of single tenants, for a backfill with a tenant order
   * @returns null before the first run
   */
  async record(session: Session, ranges: 'whole' | 'every'): Promise<CatchUpRecord | null> {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      {
        text: `SELECT b.status, b.sealed_by, (SELECT pg_catalog.max(newer.version) FROM ${schema}.backfill AS newer WHERE newer.name = b.name AND newer.target = b.target)::text,
            (SELECT pg_catalog.max(r.lease_owner) FROM ${schema}.range AS r WHERE ${this.#context.is('r')}
              AND r.state <> 'done' AND r.lease_expires_at > pg_catalog.clock_timestamp()),
            EXISTS (SELECT FROM ${schema}.range AS r WHERE ${this.#context.is('r')}
              AND r.state <> 'done' AND (r.tenants IS NULL OR $4::boolean)),
            EXISTS (SELECT FROM ${schema}.quarantined_row AS q WHERE ${this.#context.is('q')}),
            coalesce(c.not_before > pg_catalog.clock_timestamp(), false), c.cursor_key::text
          FROM ${schema}.backfill AS b LEFT JOIN ${schema}.catch_up AS c ON ${this.#context.is('c')}
          WHERE ${this.#context.is('b')}`,
        values: [...values, String(ranges === 'every')],
      },
    ]);
    const record = last.first({
      status: oneOf<BackfillStatus>(),
      sealedBy: nullable(text),
      newestVersion: number,
      leasedBy: nullable(text),
      hasUnfinished: boolean,
      hasQuarantined: boolean,
      isPostponed: boolean,
      cursor: keyFromJson,
    });
    return record ?? null;
  }

  /** The highest version that any deployment has run; 0 if there is none. */
  async newestVersion(session: Session): Promise<number> {
    const { last } = await session.send([
      {
        text: `SELECT coalesce(pg_catalog.max(version), 0)::text FROM ${this.#context.schema}.backfill WHERE name = $1 AND target = $2`,
        values: [this.#context.subject.name, this.#context.target.name],
      },
    ]);
    return last.value(number);
  }

  async recordProbe(session: Session, { index, cursor, pauseMs }: ProbeRecord): Promise<void> {
    const { schema, values } = this.#context;
    await session.transaction([
      {
        text: `INSERT INTO ${schema}.catch_up (name, version, target, index_name, cursor_key, not_before)
          VALUES ($1, $2::int, $3, $4, $5::jsonb, pg_catalog.clock_timestamp() + $6::float8 * interval '1 millisecond')
          ON CONFLICT (name, version, target) DO UPDATE SET looked_at = pg_catalog.clock_timestamp(), index_name = excluded.index_name,
            cursor_key = excluded.cursor_key, not_before = excluded.not_before`,
        values: [...values, index, keyToJson(cursor), String(pauseMs)],
      },
    ]);
  }

  /** Postpones the next probe by `ms`, after a run has changed the rows that the last probe found. */
  async postpone(session: Session, ms: number): Promise<void> {
    const { schema, values } = this.#context;
    await session.transaction([
      {
        text: `UPDATE ${schema}.catch_up SET not_before = pg_catalog.clock_timestamp() + $4::float8 * interval '1 millisecond'
          WHERE ${this.#context.is()}`,
        values: [...values, String(ms)],
      },
    ]);
  }

  /** Seals a complete backfill. @param by null removes the seal @returns whether the record has changed */
  async seal(session: Session, by: string | null): Promise<boolean> {
    const { schema, values } = this.#context;
    const { last } = await session.transaction([
      {
        text: `UPDATE ${schema}.backfill SET sealed_by = $4, sealed_at = CASE WHEN $4 IS NULL THEN NULL ELSE pg_catalog.clock_timestamp() END
          WHERE ${this.#context.is()} AND status = 'complete' AND sealed_by IS DISTINCT FROM $4 RETURNING 1`,
        values: [...values, by],
      },
    ]);
    return last.rows.length > 0;
  }

  /**
   * The rows of the drift are the changed rows of all ranges that were created after the first completion.
   * The counters of a range commit together with its rows, so the number is exact.
   */
  async summary(session: Session): Promise<CatchUpSummary> {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      {
        text: `WITH completed AS (
            SELECT pg_catalog.min(at) AS at FROM ${schema}.transition WHERE ${this.#context.is()} AND to_status = 'complete'
              -- A table that was dropped and made again has a new first completion.
              AND id > (SELECT coalesce(pg_catalog.max(id), 0) FROM ${schema}.transition WHERE ${this.#context.is()} AND to_status = 'pending' AND from_status <> 'cancelled')
          ), drifted AS (
            SELECT coalesce(pg_catalog.sum(r.updated), 0) AS updated FROM ${schema}.range AS r, completed
            WHERE ${this.#context.is('r')} AND r.created_at > completed.at
          ), found AS (
            SELECT pg_catalog.count(*) AS times, pg_catalog.max(at) AS last_at FROM ${schema}.transition
            WHERE ${this.#context.is()} AND from_status = 'complete' AND to_status = 'running'
          )
          SELECT b.sealed_by, drifted.updated::text, (found.times + ${PRUNED_DRIFTS})::text, ${isoTime('found.last_at')}, ${isoTime('c.looked_at')}, c.index_name
          FROM drifted, found, ${schema}.backfill AS b LEFT JOIN ${schema}.catch_up AS c ON ${this.#context.is('c')}
          WHERE ${this.#context.is('b')}`,
        values,
      },
    ]);
    const { sealedBy, rows, times, lastAt, probedAt, index } = last.one({
      sealedBy: nullable(text),
      rows: number,
      times: number,
      lastAt: nullable(text),
      probedAt: nullable(text),
      index: nullable(text),
    });
    return {
      sealedBy,
      drift: { rows, times, lastAt },
      looked: probedAt === null ? null : { at: probedAt, index },
    };
  }
}
