import { boolean, nullable, oneOf, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { toArrayText } from '../../postgres/text-format.js';
import { applyPolicy } from '../../postgres/timeout-policy.js';
import { EVERY_TARGET, type LedgerContext } from '../ledger.context.js';
import { sourcesOf, type BackfillStatus } from '../status.js';
import { HOLD_SETTING } from './hold.js';
import { lockRecords } from './record.lock.js';
import type { TargetedBackfill } from './target.js';

/** A person's pause, cancellation or resumption of a backfill on several tables. */
export interface StatusChange {
  readonly verb: 'pause' | 'resume' | 'cancel';
  readonly reason: string;
  /** The person, as `user@host`. */
  readonly person: string;
  /** The names of the targets; `every`: each of them, and those that get a record later. */
  readonly targets: readonly string[] | 'every';
}

/** What a change did on the targets that have a record. */
export interface ChangedStatuses {
  /** Whether anything has changed, also if it is only the status with which later targets begin. */
  readonly hasChanged: boolean;
  readonly changed: readonly string[];
  readonly unchanged: readonly { readonly target: string; readonly status: BackfillStatus }[];
}

/** The record of one target before the change. */
interface LockedRecord {
  readonly target: string;
  readonly status: BackfillStatus;
  /** Whether a process holds a range. */
  readonly isLeased: boolean;
}

interface Move {
  readonly target: string;
  readonly from: BackfillStatus;
  readonly to: BackfillStatus;
}

/** In milliseconds. */
const TIMEOUTS = { lockTimeout: 60_000, statementTimeout: 60_000, idleInTransactionTimeout: 60_000 };
const HELD_STATUS = { pause: 'paused', cancel: 'cancelled', resume: null } as const;

/** The statuses of a backfill on all its tables, as a person changes them. */
export class TargetStatusLedger {
  readonly #schema: string;
  readonly #backfill: TargetedBackfill;

  constructor({ schema }: LedgerContext, backfill: TargetedBackfill) {
    this.#schema = schema;
    this.#backfill = backfill;
  }

  /**
   * Changes the status of each target whose status allows it, and records the transitions, in one transaction. With
   * `every`, it also records the status with which later targets begin.
   *
   * @returns what has changed
   */
  async change(session: Session, change: StatusChange): Promise<ChangedStatuses> {
    const { name } = this.#backfill;
    await session.begin([applyPolicy(TIMEOUTS), lockRecords({ schema: this.#schema, name }, 'exclusive')]);
    try {
      const records = await this.#lock(session, change.targets);
      const moves = records.flatMap((record) => moveOf(record, change.verb));
      const isHoldNew = await this.#isHoldNew(session, change, records);
      await session.commit([
        ...(moves.length > 0 ? [this.#move(moves, change.reason), this.#record(moves, change)] : []),
        ...(isHoldNew ? [this.#hold(change)] : []),
      ]);
      const changed = moves.map(({ target }) => target);
      return {
        hasChanged: moves.length > 0 || isHoldNew,
        changed,
        unchanged: records.filter(({ target }) => !changed.includes(target)),
      };
    } catch (error) {
      await session.rollback();
      throw error;
    }
  }

  async #lock(session: Session, targets: StatusChange['targets']): Promise<LockedRecord[]> {
    const { last } = await session.send([
      {
        text: `SELECT b.target, b.status, EXISTS (SELECT FROM ${this.#schema}.range AS r
            WHERE r.name = b.name AND r.version = b.version AND r.target = b.target
              AND r.state <> 'done' AND r.lease_expires_at > pg_catalog.clock_timestamp())
          FROM ${this.#schema}.backfill AS b
          WHERE b.name = $1 AND b.version = $2::int AND ($3::text[] IS NULL OR b.target = ANY($3))
          ORDER BY b.target FOR UPDATE`,
        values: [...this.#values, targets === 'every' ? null : toArrayText(targets)],
      },
    ]);
    return last.all({ target: text, status: oneOf<BackfillStatus>(), isLeased: boolean });
  }

  /** A later target shall begin as the others are, unless this change has no effect on any of them. */
  async #isHoldNew(
    session: Session,
    { verb, targets }: StatusChange,
    records: readonly LockedRecord[],
  ): Promise<boolean> {
    if (targets !== 'every') return false;
    const held = HELD_STATUS[verb];
    const hasEffect = records.some(
      (record) => record.status === held || moveOf(record, verb).length > 0 || verb === 'resume',
    );
    if (!hasEffect) return false;
    const { last } = await session.send([
      {
        text: `SELECT value FROM ${this.#schema}.control
          WHERE name = $1 AND version = $2::int AND target = '${EVERY_TARGET}' AND setting = '${HOLD_SETTING}'
          ORDER BY id DESC LIMIT 1`,
        values: this.#values,
      },
    ]);
    return (last.firstValue(nullable(text)) ?? null) !== held;
  }

  #move(moves: readonly Move[], reason: string): Statement {
    return {
      text: `UPDATE ${this.#schema}.backfill AS b SET status = moved.status, reason = $5, waiting_for = NULL,
          changed_at = pg_catalog.clock_timestamp(), completed_at = NULL, sealed_by = NULL, sealed_at = NULL
        FROM unnest($3::text[], $4::text[]) AS moved (target, status)
        WHERE b.name = $1 AND b.version = $2::int AND b.target = moved.target`,
      values: [
        ...this.#values,
        toArrayText(moves.map(({ target }) => target)),
        toArrayText(moves.map(({ to }) => to)),
        reason,
      ],
    };
  }

  #record(moves: readonly Move[], { reason, person }: StatusChange): Statement {
    return {
      text: `INSERT INTO ${this.#schema}.transition (name, version, target, from_status, to_status, reason, actor)
        SELECT $1, $2::int, moved.*, $6, $7 FROM unnest($3::text[], $4::text[], $5::text[]) AS moved`,
      values: [
        ...this.#values,
        toArrayText(moves.map(({ target }) => target)),
        toArrayText(moves.map(({ from }) => from)),
        toArrayText(moves.map(({ to }) => to)),
        reason,
        person,
      ],
    };
  }

  #hold({ verb, reason, person }: StatusChange): Statement {
    return {
      text: `INSERT INTO ${this.#schema}.control (name, version, target, setting, value, set_by, why)
        VALUES ($1, $2::int, '${EVERY_TARGET}', '${HOLD_SETTING}', $3, $4, $5)`,
      values: [...this.#values, HELD_STATUS[verb], person, reason],
    };
  }

  get #values(): readonly string[] {
    return [this.#backfill.name, String(this.#backfill.version)];
  }
}

/** The change of one target; empty if its status does not allow it. */
function moveOf(record: LockedRecord, verb: StatusChange['verb']): readonly Move[] {
  const to = nextStatus(record, verb);
  return to === null ? [] : [{ target: record.target, from: record.status, to }];
}

function nextStatus({ status, isLeased }: LockedRecord, verb: StatusChange['verb']): BackfillStatus | null {
  const held = HELD_STATUS[verb];
  if (held !== null) return sourcesOf(held, 'person').includes(status) ? held : null;
  if (status === 'cancelled') return 'pending';
  if (status !== 'paused') return null;
  // A run that has not noticed the pause yet still holds its ranges.
  return isLeased ? 'running' : 'incomplete';
}
