import { LEASE_LOST } from '../postgres/error-classes.js';
import { quoteIdentifier } from '../postgres/identifiers.js';
import { Parameters } from '../postgres/parameters.js';
import type { Session } from '../postgres/session.js';
import type { Statement, TextRow } from '../postgres/pipeline.js';
import { IllegalTransitionError } from './ledger.error.js';
import {
  keyFromJson,
  type ForeignLease,
  type Key,
  type LeasedRange,
  type LeaseScope,
  type TenantScope,
} from './range.js';
import { sourcesOf, type BackfillStatus } from './status.js';

/** Whose record it is. */
export interface Subject {
  readonly name: string;
  readonly version: number;
}

export interface LedgerRecord {
  readonly status: BackfillStatus;
  readonly reason: string;
  readonly completedAt: string | null;
}

/** A timestamp as ISO 8601 in UTC. */
export function isoTime(expression: string): string {
  return `to_char(${expression} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/**
 * What the library remembers of its work, in tables of its own beside the application's: so that a batch's rows and its
 * cursor commit together. Every instant is by the database's clock.
 */
export class Ledger {
  /** The quoted schema. */
  readonly schema: string;
  /** Told in leases and transitions: `host:pid:run`. */
  readonly owner: string;
  readonly leaseMs: number;

  constructor(options: { readonly schema: string; readonly owner: string; readonly leaseMs: number }) {
    this.schema = quoteIdentifier(options.schema);
    this.owner = options.owner;
    this.leaseMs = options.leaseMs;
  }

  /** The backfill's record; made when there is none. */
  async open(session: Session, { name, version }: Subject, kind: string): Promise<LedgerRecord> {
    const { rows } = await session.transaction([
      {
        text: `INSERT INTO ${this.schema}.backfill (name, version, kind, reason)
               VALUES ($1, $2::int, $3, 'Declared, and not run yet.') ON CONFLICT DO NOTHING`,
        values: [name, String(version), kind],
      },
      {
        text: `SELECT status, reason, ${isoTime('completed_at')} FROM ${this.schema}.backfill WHERE name = $1 AND version = $2::int`,
        values: [name, String(version)],
      },
    ]);
    const [status, reason, completedAt] = rows[1]?.[0] ?? [];
    return { status: status as BackfillStatus, reason: reason ?? '', completedAt: completedAt ?? null };
  }

  async statusOf(session: Session, { name, version }: Subject): Promise<BackfillStatus | null> {
    const { rows } = await session.send([
      {
        text: `SELECT status FROM ${this.schema}.backfill WHERE name = $1 AND version = $2::int`,
        values: [name, String(version)],
      },
    ]);
    return (rows[0]?.[0]?.[0] as BackfillStatus | undefined) ?? null;
  }

  /**
   * Moves the record along an edge of the state machine and writes that down, in one statement.
   * @param person who decides it; null when it is the run that moves on, which leaves alone what a person has paused or cancelled
   * @returns whether it was somewhere else before
   * @throws IllegalTransitionError when there is no such edge from where it stands
   */
  async transition(
    session: Session,
    subject: Subject,
    to: BackfillStatus,
    reason: string,
    waitingFor: string | null = null,
    person: string | null = null,
  ): Promise<boolean> {
    const sources = sourcesOf(to, person === null ? 'run' : 'person');
    const parameters = new Parameters();
    const name = parameters.add(subject.name, 'text');
    const version = parameters.add(subject.version, 'int');
    const status = parameters.add(to, 'text');
    const why = parameters.add(reason, 'text');
    const { rows } = await session.transaction([
      {
        text: `WITH before AS (
            SELECT status FROM ${this.schema}.backfill WHERE name = ${name} AND version = ${version} FOR UPDATE
          ), moved AS (
            UPDATE ${this.schema}.backfill AS b
            SET status = ${status}, reason = ${why}, waiting_for = ${parameters.add(waitingFor, 'text')},
                changed_at = clock_timestamp(),
                started_at = CASE WHEN ${status} = 'running' THEN coalesce(b.started_at, clock_timestamp()) ELSE b.started_at END,
                completed_at = CASE WHEN ${status} = 'complete' THEN clock_timestamp() ELSE NULL END,
                -- Rows were pending: what ruled that out is no longer there.
                sealed_by = CASE WHEN ${status} = 'complete' THEN b.sealed_by END,
                sealed_at = CASE WHEN ${status} = 'complete' THEN b.sealed_at END
            FROM before
            WHERE b.name = ${name} AND b.version = ${version} AND before.status = ANY(${parameters.addArray(sources)})
            RETURNING before.status AS from_status
          ), noted AS (
            INSERT INTO ${this.schema}.transition (name, version, from_status, to_status, reason, actor)
            SELECT ${name}, ${version}, from_status, ${status}, ${why}, ${parameters.add(person ?? this.owner, 'text')} FROM moved
          )
          SELECT (SELECT from_status FROM moved), (SELECT status FROM before)`,
        values: parameters.values,
      },
    ]);
    const [moved, before] = rows[0]?.[0] ?? [];
    // Done already, by a connection that was lost before it could tell.
    if (before === to && !(moved ?? null)) return false;
    if (moved === null || moved === undefined) {
      throw new IllegalTransitionError(subject.name, (before ?? 'pending') as BackfillStatus, to);
    }
    return true;
  }

  /** Whether a person has let it go on after it was paused for a reason that begins so. */
  async wasResumed(
    session: Session,
    { name, version }: Subject,
    reasons: readonly string[],
  ): Promise<boolean> {
    const parameters = new Parameters([name, String(version)]);
    const begun = parameters.addArray(reasons);
    const { rows } = await session.send([
      {
        text: `SELECT EXISTS (SELECT FROM ${this.schema}.transition AS paused JOIN ${this.schema}.transition AS resumed
            ON resumed.name = paused.name AND resumed.version = paused.version AND resumed.id > paused.id
          WHERE paused.name = $1 AND paused.version = $2::int AND paused.to_status = 'paused'
            AND EXISTS (SELECT FROM unnest(${begun}) AS begun WHERE left(paused.reason, length(begun)) = begun)
            AND resumed.from_status = 'paused' AND resumed.to_status <> 'cancelled')`,
        values: parameters.values,
      },
    ]);
    return rows[0]?.[0]?.[0] === 't';
  }

  /**
   * Tells whoever asks for the status what a run waits for; null when it goes on.
   * @param told only where this is what it says now
   */
  waits({ name, version }: Subject, waitingFor: string | null, told: string | null = null): Statement {
    return {
      text: `UPDATE ${this.schema}.backfill SET waiting_for = $3
        WHERE name = $1 AND version = $2::int AND status = 'running' AND ($4::text IS NULL OR waiting_for = $4)`,
      values: [name, String(version), waitingFor, told],
    };
  }

  /** The same of a run that may not have begun yet. */
  waitsToBegin({ name, version }: Subject, waitingFor: string | null): Statement {
    return {
      text: `UPDATE ${this.schema}.backfill SET waiting_for = $3
        WHERE name = $1 AND version = $2::int AND status NOT IN ('complete', 'paused', 'cancelled')`,
      values: [name, String(version), waitingFor],
    };
  }

  /**
   * Plans a sweep, unless one is unfinished in the same scope: of several processes that plan at once, one does.
   *
   * @param bounds of the ranges, in order: each reaches from above one bound up to the next
   */
  async planSweep(
    session: Session,
    subject: Subject,
    tenants: TenantScope,
    bounds: readonly (Key | null)[],
  ): Promise<void> {
    const parameters = new Parameters();
    const name = parameters.add(subject.name, 'text');
    const version = parameters.add(subject.version, 'int');
    const scope = parameters.addArray(tenants);
    const list = parameters.add(JSON.stringify(bounds), 'jsonb');
    await session.transaction([
      this.#lockRecord(subject),
      {
        text: `INSERT INTO ${this.schema}.range (name, version, tenants, purpose, state, lower_key, upper_key, cursor_key, window_lower_key)
          SELECT ${name}, ${version}, ${scope}, 'sweep', 'sweeping', low, high, low, low
          FROM (SELECT nullif(${list}->(at - 1), 'null') AS low, ${list}->at AS high
            FROM generate_series(1, ${parameters.add(bounds.length - 1, 'int')}) AS at ORDER BY at) AS bounds
          WHERE NOT EXISTS (SELECT FROM ${this.schema}.range
            WHERE name = ${name} AND version = ${version} AND state <> 'done' AND tenants IS NOT DISTINCT FROM ${scope})`,
        values: parameters.values,
      },
    ]);
  }

  /** Puts the rows in quarantine up for another try, as a range that has only settling left. */
  async planRetry(session: Session, subject: Subject, tenants: TenantScope): Promise<void> {
    const parameters = new Parameters();
    const name = parameters.add(subject.name, 'text');
    const version = parameters.add(subject.version, 'int');
    const scope = parameters.addArray(tenants);
    await session.transaction([
      this.#lockRecord(subject),
      {
        text: `WITH due AS (
            SELECT key, tenant FROM ${this.schema}.quarantined_row AS q
            WHERE q.name = ${name} AND q.version = ${version} AND (${scope} IS NULL OR q.tenant = ANY(${scope}))
              AND NOT EXISTS (SELECT FROM ${this.schema}.skipped_row AS s JOIN ${this.schema}.range AS r ON r.id = s.range_id
                WHERE s.name = q.name AND s.version = q.version AND s.key = q.key
                  AND r.state <> 'done' AND r.tenants IS NOT DISTINCT FROM ${scope})
          ), planned AS (
            INSERT INTO ${this.schema}.range (name, version, tenants, purpose, state)
            SELECT ${name}, ${version}, ${scope}, 'retry', 'settling' WHERE EXISTS (SELECT FROM due) RETURNING id
          )
          INSERT INTO ${this.schema}.skipped_row (name, version, key, range_id, tenant)
          SELECT ${name}, ${version}, due.key, planned.id, due.tenant FROM due, planned`,
        values: parameters.values,
      },
    ]);
  }

  /**
   * Once a probe has found nothing pending in the scope: what runs of other scopes have left behind there is done too. A list that
   * a run at work loses by this costs it no row, since it ends with a probe of its own.
   */
  async closeLeftovers(session: Session, subject: Subject, tenants: TenantScope): Promise<void> {
    const parameters = new Parameters();
    const whose = `name = ${parameters.add(subject.name, 'text')} AND version = ${parameters.add(subject.version, 'int')}`;
    const scope = parameters.addArray(tenants);
    await session.transaction([
      {
        text: `WITH closed AS (
            UPDATE ${this.schema}.range SET state = 'done', finished_at = clock_timestamp(), lease_owner = NULL, lease_expires_at = NULL,
              fencing_token = fencing_token + 1
            WHERE ${whose} AND state <> 'done' AND ${scope} IS NULL AND (lease_owner IS NULL OR lease_expires_at <= clock_timestamp())
          )
          DELETE FROM ${this.schema}.skipped_row WHERE ${whose} AND (${scope} IS NULL OR tenant = ANY(${scope}))`,
        values: parameters.values,
      },
    ]);
  }

  /**
   * Takes a range that nobody holds; null when there is none, or when `most` of those among which they count are held already, by
   * whomever. Raises its fencing token, so that a former holder cannot commit.
   */
  async lease(
    session: Session,
    subject: Subject,
    tenants: TenantScope,
    {
      most,
      among,
      except = [],
    }: { readonly most: number; readonly among: LeaseScope; readonly except?: readonly string[] },
  ): Promise<LeasedRange | null> {
    const parameters = new Parameters();
    const whose = unfinished(parameters, subject, tenants);
    const counted = unfinished(parameters, subject, among);
    const { rows } = await session.transaction([
      // One after the other, so that together they do not take more than the most.
      this.#lockRecord(subject),
      {
        text: `WITH free AS (
            SELECT id FROM ${this.schema}.range
            WHERE ${whose} AND ${IS_FREE} AND id <> ALL(${parameters.addArray(except)}::bigint[])
              AND ${parameters.add(most, 'int')} > (SELECT count(*) FROM ${this.schema}.range WHERE ${counted} AND NOT ${IS_FREE})
            ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
          ) ${this.#takeLease(parameters, 'free')}`,
        values: parameters.values,
      },
    ]);
    return toRange(rows[1]?.[0]);
  }

  /**
   * Takes our own range again, after a connection was lost: what the lost one may still send cannot commit any more. Ours by
   * its token, or by the owner where the token was raised and the connection lost before it could be told.
   */
  async leaseAgain(session: Session, range: LeasedRange): Promise<LeasedRange | null> {
    const parameters = new Parameters();
    const { rows } = await session.transaction([
      {
        text: `WITH own AS (
            SELECT id FROM ${this.schema}.range
            WHERE id = ${parameters.add(range.id, 'bigint')} AND (fencing_token = ${parameters.add(range.token, 'bigint')}
              OR lease_owner = ${parameters.add(this.owner, 'text')}) FOR UPDATE
          ) ${this.#takeLease(parameters, 'own')}`,
        values: parameters.values,
      },
    ]);
    return toRange(rows[0]?.[0]);
  }

  /**
   * A query of one JSON value, a `Roster`.
   *
   * @param tenants whose free ranges are told
   * @param among whose leases are
   */
  leaseSnapshot(parameters: Parameters, subject: Subject, tenants: TenantScope, among: LeaseScope): string {
    const isOurs = `tenants IS NOT DISTINCT FROM ${parameters.addArray(tenants)}`;
    return `SELECT json_build_object(
        'leases', coalesce(json_agg(id || '/' || fencing_token ORDER BY id) FILTER (WHERE NOT ${IS_FREE}), '[]'),
        'free', coalesce(json_agg(id::text ORDER BY id) FILTER (WHERE ${IS_FREE} AND ${isOurs}), '[]'))
      FROM ${this.schema}.range WHERE ${unfinished(parameters, subject, among)}`;
  }

  /**
   * Hands our range back if more than `most` of those among which it counts are held. One after the other with all who take or leave one, so that of those
   * who are too many just the surplus leaves, whatever each of them has seen before.
   *
   * @returns whether it is handed back
   */
  async yieldSurplus(
    session: Session,
    subject: Subject,
    range: LeasedRange,
    { most, among }: { readonly most: number; readonly among: LeaseScope },
  ): Promise<boolean> {
    const parameters = new Parameters();
    const whose = unfinished(parameters, subject, among);
    const { rows } = await session.transaction([
      this.#lockRecord(subject),
      {
        // Without an owner it is by this very statement, over a connection that was lost before it could tell.
        text: `UPDATE ${this.schema}.range SET lease_owner = NULL, lease_expires_at = NULL
          WHERE ${this.fence(parameters, range)} AND (lease_owner IS NULL
            OR ${parameters.add(most, 'int')} < (SELECT count(*) FROM ${this.schema}.range WHERE ${whose} AND NOT ${IS_FREE}))
          RETURNING id::text`,
        values: parameters.values,
      },
    ]);
    return rows[1]?.[0] !== undefined;
  }

  /** Takes over the ranges whose holder is known to be dead. */
  async expire(session: Session, subject: Subject, owner: string): Promise<void> {
    await session.transaction([
      {
        text: `UPDATE ${this.schema}.range SET lease_owner = NULL, lease_expires_at = NULL, fencing_token = fencing_token + 1
               WHERE name = $1 AND version = $2::int AND lease_owner = $3 AND state <> 'done'`,
        values: [subject.name, String(subject.version), owner],
      },
    ]);
  }

  /** Whether any range of the scope is not done yet, held or not. */
  async hasUnfinished(session: Session, subject: Subject, tenants: TenantScope): Promise<boolean> {
    const parameters = new Parameters();
    const { rows } = await session.send([
      {
        text: `SELECT EXISTS (SELECT FROM ${this.schema}.range
          WHERE name = ${parameters.add(subject.name, 'text')} AND version = ${parameters.add(subject.version, 'int')}
            AND tenants IS NOT DISTINCT FROM ${parameters.addArray(tenants)} AND state <> 'done')`,
        values: parameters.values,
      },
    ]);
    return rows[0]?.[0]?.[0] === 't';
  }

  /** Who holds the unfinished ranges of the scope. */
  async foreignLeases(session: Session, subject: Subject, among: LeaseScope): Promise<ForeignLease[]> {
    const parameters = new Parameters();
    const { rows } = await session.send([
      {
        text: `SELECT lease_owner, greatest(0, extract(epoch FROM lease_expires_at - clock_timestamp()) * 1000)::text,
                 lease_expires_at::text || '/' || fencing_token::text
          FROM ${this.schema}.range
          WHERE ${unfinished(parameters, subject, among)} AND lease_owner IS NOT NULL
          ORDER BY id`,
        values: parameters.values,
      },
    ]);
    return (rows[0] ?? []).map(([owner, expiresInMs, sign]) => ({
      owner: owner ?? '',
      expiresInMs: Number(expiresInMs),
      sign: sign ?? '',
    }));
  }

  /** Gives a sign of life, while the lease is ours. */
  heartbeat(range: LeasedRange): Statement {
    return {
      text: `UPDATE ${this.schema}.range SET lease_expires_at = clock_timestamp() + $3::interval
             WHERE id = $1::bigint AND fencing_token = $2::bigint AND lease_owner = $4`,
      values: [range.id, range.token, this.#lease(), this.owner],
    };
  }

  /** Hands the range back, or closes it. */
  async release(session: Session, range: LeasedRange, done: boolean): Promise<void> {
    await session.transaction([
      {
        text: `UPDATE ${this.schema}.range
               SET lease_owner = NULL, lease_expires_at = NULL${done ? ", state = 'done', finished_at = clock_timestamp()" : ''}
               WHERE id = $1::bigint AND fencing_token = $2::bigint`,
        values: [range.id, range.token],
      },
    ]);
  }

  /** The condition under which a change to the range may commit, as `UPDATE … WHERE`: the token is ours. */
  fence(parameters: Parameters, range: LeasedRange): string {
    return `id = ${parameters.add(range.id, 'bigint')} AND fencing_token = ${parameters.add(range.token, 'bigint')}`;
  }

  /**
   * SET clause that gives a sign of life along with other work, and leaves NULL behind a lease that has run out, for
   * `demandLease`. Told here and not in WHERE: a statement that takes longer than the lease sees the row as it was when it began,
   * and only an assignment is computed anew for the version that a heartbeat has made meanwhile.
   */
  renewal(parameters: Parameters): string {
    return `lease_expires_at = CASE WHEN lease_expires_at > clock_timestamp()
      THEN clock_timestamp() + ${parameters.add(this.#lease(), 'interval')} END`;
  }

  /** Ends the transaction unless the CTE has moved the range, under a lease that holds. It returns `lease_expires_at`. */
  assertLease(cte: string): string {
    return this.assert(
      `EXISTS (SELECT FROM ${cte} WHERE lease_expires_at IS NOT NULL)`,
      LEASE_LOST,
      'the lease has run out, or another process has taken the range over',
    );
  }

  /** A call that ends the transaction unless the condition holds. */
  assert(condition: string, code: string, message: string): string {
    return `${this.schema}.demand(${condition}, '${code}', '${message}')`;
  }

  #lease(): string {
    return `${this.leaseMs} milliseconds`;
  }

  #lockRecord({ name, version }: Subject): Statement {
    return {
      text: `SELECT FROM ${this.schema}.backfill WHERE name = $1 AND version = $2::int FOR UPDATE`,
      values: [name, String(version)],
    };
  }

  #takeLease(parameters: Parameters, from: string): string {
    return `UPDATE ${this.schema}.range AS r
      SET lease_owner = ${parameters.add(this.owner, 'text')}, fencing_token = fencing_token + 1,
        lease_expires_at = clock_timestamp() + ${parameters.add(this.#lease(), 'interval')}
      FROM ${from} WHERE r.id = ${from}.id
      RETURNING r.id::text, r.purpose, r.state, r.fencing_token::text, to_jsonb(r.tenants)::text, r.lower_key::text,
        r.upper_key::text, r.cursor_key::text, r.window_lower_key::text, r.window_upper_key::text`;
  }
}

const IS_FREE = '(lease_owner IS NULL OR lease_expires_at <= clock_timestamp())';

/** The condition of a scope's ranges that are not done. */
function unfinished(parameters: Parameters, { name, version }: Subject, scope: LeaseScope): string {
  const whose = `name = ${parameters.add(name, 'text')} AND version = ${parameters.add(version, 'int')} AND state <> 'done'`;
  return scope === 'every'
    ? whose
    : `${whose} AND tenants IS NOT DISTINCT FROM ${parameters.addArray(scope)}`;
}

function toRange(row: TextRow | undefined): LeasedRange | null {
  if (!row) return null;
  const [id, purpose, state, token, tenants, lower, upper, cursor, windowLower, windowUpper] = row;
  return {
    id: id ?? '',
    purpose: purpose as LeasedRange['purpose'],
    state: state as LeasedRange['state'],
    token: token ?? '',
    tenants: keyFromJson(tenants),
    lower: keyFromJson(lower),
    upper: keyFromJson(upper),
    cursor: keyFromJson(cursor),
    windowLower: keyFromJson(windowLower),
    windowUpper: keyFromJson(windowUpper),
  };
}
