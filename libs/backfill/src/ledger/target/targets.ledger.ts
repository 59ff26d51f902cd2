import { nullable, number, oneOf, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { isoTime, toArrayText } from '../../postgres/text-format.js';
import { EVERY_TARGET, type LedgerContext } from '../ledger.context.js';
import { sourcesOf, type BackfillStatus } from '../status.js';
import { HOLD_SETTING } from './hold.js';
import { lockRecords } from './record.lock.js';
import { existsTarget, type Target } from './target.js';

/** A backfill and its version, on any table. */
export interface TargetedBackfill {
  readonly name: string;
  readonly version: number;
}

/** The record of a backfill on one of its tables. */
export interface TargetRecord extends Target {
  readonly status: BackfillStatus;
  /** The reason for the status, as a sentence. */
  readonly reason: string;
  /** Time of the last transition, ISO 8601. */
  readonly changedAt: string;
}

/** The records of a backfill on other tables. */
export interface OtherTargets {
  readonly total: number;
  readonly complete: number;
  /** The first of them. */
  readonly first: readonly TargetRecord[];
}

/** A person's pause, cancellation or resumption of a backfill on several tables. */
export interface StatusChange {
  readonly verb: 'pause' | 'resume' | 'cancel';
  readonly reason: string;
  /** The person, as `user@host`. */
  readonly person: string;
  /** The names of the targets; `every`: each of them, and those that get a record later. */
  readonly targets: readonly string[] | 'every';
}

const TARGET_RECORD = {
  name: text,
  tableId: nullable(text),
  status: oneOf<BackfillStatus>(),
  reason: text,
  changedAt: text,
};

const HOLDS = { pause: 'paused', cancel: 'cancelled', resume: null } as const;

/** The records of backfills on all their tables. */
export class TargetsLedger {
  readonly #ledger: LedgerContext;

  constructor(ledger: LedgerContext) {
    this.#ledger = ledger;
  }

  /** The records of a backfill, by the names of their targets. */
  async list(session: Session, { name, version }: TargetedBackfill): Promise<TargetRecord[]> {
    const { last } = await session.send([
      { text: `${this.#select()} ORDER BY target`, values: [name, String(version)] },
    ]);
    return last.all(TARGET_RECORD);
  }

  /**
   * The record of a table. A table that was renamed since its last run has it under the former name; an earlier release
   * has left it without a name.
   *
   * @param target null: the record of any table
   */
  async find(
    session: Session,
    { name, version }: TargetedBackfill,
    target: Target | null,
  ): Promise<TargetRecord | undefined> {
    const { last } = await session.send([
      {
        text: `${this.#select()} AND ($3::text IS NULL OR target IN ($3, '') OR (table_id = $4::oid AND NOT ${existsTarget('target')}))
          ORDER BY target IS NOT DISTINCT FROM $3 DESC, table_id IS NOT DISTINCT FROM $4::oid DESC, target LIMIT 1`,
        values: [name, String(version), target?.name ?? null, target?.tableId ?? null],
      },
    ]);
    return last.first(TARGET_RECORD);
  }

  /** The records of all other tables: those that are not complete come first. */
  async others(
    session: Session,
    { name, version }: TargetedBackfill,
    { except, limit }: { readonly except: string; readonly limit: number },
  ): Promise<OtherTargets> {
    const values = [name, String(version), except];
    const result = await session.send([
      {
        text: `SELECT count(*)::text, (count(*) FILTER (WHERE status = 'complete'))::text FROM ${this.#ledger.schema}.backfill
          WHERE name = $1 AND version = $2::int AND target NOT IN ($3, '')`,
        values,
      },
      {
        text: `${this.#select()} AND target NOT IN ($3, '') ORDER BY status = 'complete', target LIMIT $4::int`,
        values: [...values, String(limit)],
      },
    ]);
    const { total, complete } = result.at(0).one({ total: number, complete: number });
    return { total, complete, first: result.last.all(TARGET_RECORD) };
  }

  /** The newest version of every backfill in the ledger, except the backfills with these names. */
  async newestExcept(session: Session, names: readonly string[]): Promise<TargetedBackfill[]> {
    const { last } = await session.send([
      {
        text: `SELECT DISTINCT ON (name) name, version::text FROM ${this.#ledger.schema}.backfill
          WHERE name <> ALL($1::text[]) ORDER BY name, version DESC`,
        values: [toArrayText(names)],
      },
    ]);
    return last.all({ name: text, version: number });
  }

  /**
   * Changes the status of each target whose status allows it, and records the transitions, in one statement. For every
   * target, it also records that later targets begin with this status.
   *
   * @returns the number of changes; 0 if nothing was changed
   */
  async changeStatus(
    session: Session,
    backfill: TargetedBackfill,
    { verb, reason, person, targets }: StatusChange,
  ): Promise<number> {
    const { last } = await session.transaction([
      lockRecords({ schema: this.#ledger.schema, name: backfill.name }, 'exclusive'),
      this.#change(backfill, { verb, reason, person, targets }),
    ]);
    return last.value(number);
  }

  #select(): string {
    return `SELECT target, table_id::text, status, reason, ${isoTime('changed_at')} FROM ${this.#ledger.schema}.backfill
      WHERE name = $1 AND version = $2::int`;
  }

  #change({ name, version }: TargetedBackfill, change: StatusChange): Statement {
    const { schema } = this.#ledger;
    const { verb, reason, person, targets } = change;
    return {
      text: `WITH wanted AS (
          SELECT b.target, b.status, CASE
              WHEN $3::text IS NOT NULL AND b.status = ANY($4::text[]) THEN $3
              WHEN $3::text IS NULL AND b.status = 'cancelled' THEN 'pending'
              -- A run that has not noticed the pause yet still holds its ranges.
              WHEN $3::text IS NULL AND b.status = 'paused' THEN CASE WHEN EXISTS (
                SELECT FROM ${schema}.range AS r WHERE r.name = b.name AND r.version = b.version AND r.target = b.target
                  AND r.state <> 'done' AND r.lease_expires_at > clock_timestamp()) THEN 'running' ELSE 'incomplete' END
            END AS next_status
          FROM ${schema}.backfill AS b
          WHERE b.name = $1 AND b.version = $2::int AND ($7::text[] IS NULL OR b.target = ANY($7)) FOR UPDATE
        ), moved AS (
          UPDATE ${schema}.backfill AS b SET status = wanted.next_status, reason = $5, waiting_for = NULL,
            changed_at = clock_timestamp(), completed_at = NULL, sealed_by = NULL, sealed_at = NULL
          FROM wanted WHERE b.name = $1 AND b.version = $2::int AND b.target = wanted.target AND wanted.next_status IS NOT NULL
          RETURNING b.target, wanted.status AS from_status, b.status AS to_status
        ), recorded AS (
          INSERT INTO ${schema}.transition (name, version, target, from_status, to_status, reason, actor)
          SELECT $1, $2::int, target, from_status, to_status, $5, $6 FROM moved
        ), held AS (
          INSERT INTO ${schema}.control (name, version, target, setting, value, set_by, why)
          SELECT $1, $2::int, '${EVERY_TARGET}', '${HOLD_SETTING}', $3, $6, $5
          WHERE $7::text[] IS NULL AND (EXISTS (SELECT FROM moved) OR $3::text IS NULL OR EXISTS (SELECT FROM wanted WHERE status = $3))
            AND $3 IS DISTINCT FROM (SELECT value FROM ${schema}.control
              WHERE name = $1 AND version = $2::int AND target = '${EVERY_TARGET}' AND setting = '${HOLD_SETTING}' ORDER BY id DESC LIMIT 1)
          RETURNING 1
        )
        SELECT ((SELECT count(*) FROM moved) + (SELECT count(*) FROM held))::text`,
      values: [
        name,
        String(version),
        HOLDS[verb],
        toArrayText(verb === 'resume' ? [] : sourcesOf(HOLDS[verb], 'person')),
        reason,
        person,
        targets === 'every' ? null : toArrayText(targets),
      ],
    };
  }
}
