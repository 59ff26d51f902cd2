import type { Session } from '../postgres/session.js';
import { boolean, nullable, number, oneOf, text } from '../postgres/decoders.js';
import { isoTime } from '../postgres/iso-time.js';
import type { SubjectContext } from './ledger.context.js';
import { keyFromJson, keyToJson, type Key } from './range.js';
import type { BackfillStatus } from './status.js';

/** What the ledger says of a backfill to who would catch up on it. */
export interface CatchUpRecord {
  readonly status: BackfillStatus;
  readonly sealedBy: string | null;
  /** The highest version that any deployment has run. */
  readonly newestVersion: number;
  /** Who works on it at this moment. */
  readonly leasedBy: string | null;
  /** Ranges are left that a run has not come to the end of. */
  readonly unfinished: boolean;
  readonly quarantined: boolean;
  /** The last look has been told to be followed by a pause, which is not over. */
  readonly postponed: boolean;
  /** The last key looked at, where no index serves the predicate. */
  readonly cursor: Key | null;
}

/** Where a look for pending rows has got to. */
export interface LookRecord {
  /** The index that serves the pending predicate; null when none does. */
  readonly index: string | null;
  readonly cursor: Key | null;
  /** Milliseconds until the next look is due at the soonest. */
  readonly pauseMs: number;
}

/** What is told of catching up on a backfill. */
export interface CatchUpSummary {
  /** What rules out that a row becomes pending again. */
  readonly sealedBy: string | null;
  /** Rows that became pending after it had been complete, and were done since. */
  readonly drift: {
    readonly rows: number;
    /** How often rows were found so. */
    readonly times: number;
    /** ISO 8601, the database's clock. */
    readonly lastAt: string | null;
  };
  /** When it was last looked for pending rows, and by which index. */
  readonly looked: { readonly at: string; readonly index: string | null } | null;
}

/** The step of the ledger's own schema that brought what these statements are about. */
export const CATCH_UP_STEP = 4;

export const NO_CATCH_UP = {
  sealedBy: null,
  drift: { rows: 0, times: 0, lastAt: null },
  looked: null,
} as const satisfies CatchUpSummary;

/** Statements about catching up. */
export class CatchUpLedger {
  readonly #context: SubjectContext;

  constructor(context: SubjectContext) {
    this.#context = context;
  }

  /**
   * Null where no run has made a record yet.
   * @param byTenant a run of the whole takes up ranges of single tenants too
   */
  async record(
    session: Session,
    { byTenant }: { readonly byTenant: boolean },
  ): Promise<CatchUpRecord | null> {
    const { last } = await session.send([
      {
        text: `SELECT b.status, b.sealed_by, (SELECT max(newer.version) FROM ${this.#context.schema}.backfill AS newer WHERE newer.name = b.name)::text,
            (SELECT max(r.lease_owner) FROM ${this.#context.schema}.range AS r WHERE r.name = b.name AND r.version = b.version
              AND r.state <> 'done' AND r.lease_expires_at > clock_timestamp()),
            EXISTS (SELECT FROM ${this.#context.schema}.range AS r WHERE r.name = b.name AND r.version = b.version
              AND r.state <> 'done' AND (r.tenants IS NULL OR $3::boolean)),
            EXISTS (SELECT FROM ${this.#context.schema}.quarantined_row AS q WHERE q.name = b.name AND q.version = b.version),
            coalesce(c.not_before > clock_timestamp(), false), c.cursor_key::text
          FROM ${this.#context.schema}.backfill AS b LEFT JOIN ${this.#context.schema}.catch_up AS c USING (name, version)
          WHERE b.name = $1 AND b.version = $2::int`,
        values: [...this.#context.values, String(byTenant)],
      },
    ]);
    const record = last.first({
      status: oneOf<BackfillStatus>(),
      sealedBy: nullable(text),
      newestVersion: number,
      leasedBy: nullable(text),
      unfinished: boolean,
      quarantined: boolean,
      postponed: boolean,
      cursor: keyFromJson,
    });
    return record ?? null;
  }

  /** The highest version of the name that any deployment has run; 0 for none. */
  async newestVersion(session: Session): Promise<number> {
    const { last } = await session.send([
      {
        text: `SELECT coalesce(max(version), 0)::text FROM ${this.#context.schema}.backfill WHERE name = $1`,
        values: [this.#context.subject.name],
      },
    ]);
    return last.value(number);
  }

  async looked(session: Session, look: LookRecord): Promise<void> {
    await session.transaction([
      {
        text: `INSERT INTO ${this.#context.schema}.catch_up (name, version, index_name, cursor_key, not_before)
          VALUES ($1, $2::int, $3, $4::jsonb, clock_timestamp() + $5::float8 * interval '1 millisecond')
          ON CONFLICT (name, version) DO UPDATE SET looked_at = clock_timestamp(), index_name = excluded.index_name,
            cursor_key = excluded.cursor_key, not_before = excluded.not_before`,
        values: [...this.#context.values, look.index, keyToJson(look.cursor), String(look.pauseMs)],
      },
    ]);
  }

  /** Puts the next look off, once what the last one found has been done. */
  async postpone(session: Session, ms: number): Promise<void> {
    await session.transaction([
      {
        text: `UPDATE ${this.#context.schema}.catch_up SET not_before = clock_timestamp() + $3::float8 * interval '1 millisecond'
          WHERE name = $1 AND version = $2::int`,
        values: [...this.#context.values, String(ms)],
      },
    ]);
  }

  /** Of a complete backfill; null takes the seal away. @returns whether that changed anything */
  async seal(session: Session, by: string | null): Promise<boolean> {
    const { last } = await session.transaction([
      {
        text: `UPDATE ${this.#context.schema}.backfill SET sealed_by = $3, sealed_at = CASE WHEN $3 IS NULL THEN NULL ELSE clock_timestamp() END
          WHERE name = $1 AND version = $2::int AND status = 'complete' AND sealed_by IS DISTINCT FROM $3 RETURNING 1`,
        values: [...this.#context.values, by],
      },
    ]);
    return last.rows.length > 0;
  }

  /** Drift is counted from the ranges that were begun after the first completion: these commit together with their rows. */
  async summary(session: Session): Promise<CatchUpSummary> {
    const { last } = await session.send([
      {
        text: `WITH completed AS (
            SELECT min(at) AS at FROM ${this.#context.schema}.transition WHERE name = $1 AND version = $2::int AND to_status = 'complete'
          ), drifted AS (
            SELECT coalesce(sum(r.updated), 0) AS updated FROM ${this.#context.schema}.range AS r, completed
            WHERE r.name = $1 AND r.version = $2::int AND r.created_at > completed.at
          ), found AS (
            SELECT count(*) AS times, max(at) AS last_at FROM ${this.#context.schema}.transition
            WHERE name = $1 AND version = $2::int AND from_status = 'complete' AND to_status = 'running'
          )
          SELECT b.sealed_by, drifted.updated::text, found.times::text, ${isoTime('found.last_at')}, ${isoTime('c.looked_at')}, c.index_name
          FROM drifted, found, ${this.#context.schema}.backfill AS b LEFT JOIN ${this.#context.schema}.catch_up AS c USING (name, version)
          WHERE b.name = $1 AND b.version = $2::int`,
        values: this.#context.values,
      },
    ]);
    const { sealedBy, rows, times, lastAt, lookedAt, index } = last.one({
      sealedBy: nullable(text),
      rows: number,
      times: number,
      lastAt: nullable(text),
      lookedAt: nullable(text),
      index: nullable(text),
    });
    return {
      sealedBy,
      drift: { rows, times, lastAt },
      looked: lookedAt === null ? null : { at: lookedAt, index },
    };
  }
}
