import { boolean, nullable, number, oneOf, text } from '../postgres/decoders.js';
import { isoTime } from '../postgres/text-format.js';
import type { Session } from '../postgres/session.js';
import type { SubjectContext } from './ledger.context.js';
import { keyFromJson, keyToJson, type Key } from './range.js';
import type { BackfillStatus } from './status.js';

/** What catch-up reads about a backfill before it probes the table. */
export interface CatchUpRecord {
  readonly status: BackfillStatus;
  readonly sealedBy: string | null;
  /** The highest version that any deployment has run. */
  readonly newestVersion: number;
  /** The owner of a lease that has not expired. */
  readonly leasedBy: string | null;
  /** A run has left ranges that are not done. */
  readonly hasUnfinished: boolean;
  readonly hasQuarantined: boolean;
  /** The pause after the last probe is not over. */
  readonly isPostponed: boolean;
  /** The last key of the last probe, if no index serves the predicate. */
  readonly cursor: Key | null;
}

/** The result of a probe for pending rows. */
export interface ProbeRecord {
  /** The index that serves the pending predicate; null if none does. */
  readonly index: string | null;
  readonly cursor: Key | null;
  /** Milliseconds until the next probe may start. */
  readonly pauseMs: number;
}

/** What `--status` reports about catch-up. */
export interface CatchUpSummary {
  /** The constraint or the migration that keeps rows from becoming pending again. */
  readonly sealedBy: string | null;
  /** Rows that became pending after the first completion and were changed since. */
  readonly drift: {
    readonly rows: number;
    /** How often such rows were found. */
    readonly times: number;
    /** ISO 8601, by the database's clock. */
    readonly lastAt: string | null;
  };
  /** The last probe for pending rows, and the index that it used. */
  readonly looked: { readonly at: string; readonly index: string | null } | null;
}

/** The step of the ledger's schema that created the table and the columns. */
export const CATCH_UP_STEP = 4;

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
   * Null before the first run.
   *
   * @param ranges `every` includes the ranges of single tenants, for a backfill that runs tenant by tenant
   */
  async record(session: Session, ranges: 'whole' | 'every'): Promise<CatchUpRecord | null> {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      {
        text: `SELECT b.status, b.sealed_by, (SELECT max(newer.version) FROM ${schema}.backfill AS newer WHERE newer.name = b.name)::text,
            (SELECT max(r.lease_owner) FROM ${schema}.range AS r WHERE r.name = b.name AND r.version = b.version
              AND r.state <> 'done' AND r.lease_expires_at > clock_timestamp()),
            EXISTS (SELECT FROM ${schema}.range AS r WHERE r.name = b.name AND r.version = b.version
              AND r.state <> 'done' AND (r.tenants IS NULL OR $3::boolean)),
            EXISTS (SELECT FROM ${schema}.quarantined_row AS q WHERE q.name = b.name AND q.version = b.version),
            coalesce(c.not_before > clock_timestamp(), false), c.cursor_key::text
          FROM ${schema}.backfill AS b LEFT JOIN ${schema}.catch_up AS c USING (name, version)
          WHERE b.name = $1 AND b.version = $2::int`,
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

  /** The highest version that any deployment has run; 0 for none. */
  async newestVersion(session: Session): Promise<number> {
    const { last } = await session.send([
      {
        text: `SELECT coalesce(max(version), 0)::text FROM ${this.#context.schema}.backfill WHERE name = $1`,
        values: [this.#context.subject.name],
      },
    ]);
    return last.value(number);
  }

  async recordProbe(session: Session, { index, cursor, pauseMs }: ProbeRecord): Promise<void> {
    const { schema, values } = this.#context;
    await session.transaction([
      {
        text: `INSERT INTO ${schema}.catch_up (name, version, index_name, cursor_key, not_before)
          VALUES ($1, $2::int, $3, $4::jsonb, clock_timestamp() + $5::float8 * interval '1 millisecond')
          ON CONFLICT (name, version) DO UPDATE SET looked_at = clock_timestamp(), index_name = excluded.index_name,
            cursor_key = excluded.cursor_key, not_before = excluded.not_before`,
        values: [...values, index, keyToJson(cursor), String(pauseMs)],
      },
    ]);
  }

  /** Postpones the next probe, after a run has changed the rows that the last one found. */
  async postpone(session: Session, ms: number): Promise<void> {
    const { schema, values } = this.#context;
    await session.transaction([
      {
        text: `UPDATE ${schema}.catch_up SET not_before = clock_timestamp() + $3::float8 * interval '1 millisecond'
          WHERE name = $1 AND version = $2::int`,
        values: [...values, String(ms)],
      },
    ]);
  }

  /** Seals a complete backfill; null removes the seal. @returns whether that changed the record */
  async seal(session: Session, by: string | null): Promise<boolean> {
    const { schema, values } = this.#context;
    const { last } = await session.transaction([
      {
        text: `UPDATE ${schema}.backfill SET sealed_by = $3, sealed_at = CASE WHEN $3 IS NULL THEN NULL ELSE clock_timestamp() END
          WHERE name = $1 AND version = $2::int AND status = 'complete' AND sealed_by IS DISTINCT FROM $3 RETURNING 1`,
        values: [...values, by],
      },
    ]);
    return last.rows.length > 0;
  }

  /**
   * Drift is counted from the ranges that started after the first completion. Their counters commit together
   * with their rows.
   */
  async summary(session: Session): Promise<CatchUpSummary> {
    const { schema, values } = this.#context;
    const { last } = await session.send([
      {
        text: `WITH completed AS (
            SELECT min(at) AS at FROM ${schema}.transition WHERE name = $1 AND version = $2::int AND to_status = 'complete'
          ), drifted AS (
            SELECT coalesce(sum(r.updated), 0) AS updated FROM ${schema}.range AS r, completed
            WHERE r.name = $1 AND r.version = $2::int AND r.created_at > completed.at
          ), found AS (
            SELECT count(*) AS times, max(at) AS last_at FROM ${schema}.transition
            WHERE name = $1 AND version = $2::int AND from_status = 'complete' AND to_status = 'running'
          )
          SELECT b.sealed_by, drifted.updated::text, found.times::text, ${isoTime('found.last_at')}, ${isoTime('c.looked_at')}, c.index_name
          FROM drifted, found, ${schema}.backfill AS b LEFT JOIN ${schema}.catch_up AS c USING (name, version)
          WHERE b.name = $1 AND b.version = $2::int`,
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
