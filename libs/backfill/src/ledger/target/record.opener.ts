import { boolean, nullable, oneOf, text } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { isoTime, toArrayText } from '../../postgres/text-format.js';
import { EVERY_TARGET, type SubjectContext } from '../ledger.context.js';
import { HELD_STATUSES, type BackfillStatus } from '../status.js';
import { HOLD_SETTING } from './hold.js';
import { takeFormerName } from './former-name.js';
import { lockRecords } from './record.lock.js';
import { existsTarget } from './target.js';

/** The ledger's record of a backfill. */
export interface LedgerRecord {
  readonly status: BackfillStatus;
  readonly reason: string;
  /** Time of the completion, ISO 8601; null unless the status is `complete`. */
  readonly completedAt: string | null;
  /** The records were about a table that was dropped. They were deleted, and the backfill starts again. */
  readonly isReset: boolean;
}

/** The position of `reset` in `adoption`. */
const RESET_POSITION = 3;
const HELD = HELD_STATUSES.map((status) => `'${status}'`).join(', ');
const RESET_REASON =
  'The table was dropped and made again, so what the ledger knew about its rows no longer holds.';

/**
 * Reads the record of a backfill and its table. Inserts it first if there is none. A record under a former name of the
 * backfill gets the current one. If the table has a record under its
 * former name, or if an earlier release has left a record without a table, it becomes the record of this table. If
 * the table was dropped and made again, its records are deleted.
 */
export async function openRecord(
  session: Session,
  context: SubjectContext,
  kind: string,
): Promise<LedgerRecord> {
  await takeFormerName(session, context);
  const { status, reason, completedAt, isStale } = await read(session, context);
  if (status !== null && reason !== null && !isStale) return { status, reason, completedAt, isReset: false };
  // A person may pause every target at the same time: the record is inserted before that, or with the pause.
  const first = isStale
    ? adoption(context)
    : [lockRecords({ schema: context.schema, ...context.subject }, 'shared')];
  const opened = await session.send([...first, insert(context, kind), select(context)]);
  const isReset = isStale && opened.at(RESET_POSITION).rows.length > 0;
  return { ...opened.last.one(RECORD), isReset };
}

/** Like `openRecord`, but inserts no record if there is none. */
export async function adoptRecord(session: Session, context: SubjectContext): Promise<void> {
  await takeFormerName(session, context);
  if ((await read(session, context)).isStale) await session.send(adoption(context));
}

const RECORD = { status: oneOf<BackfillStatus>(), reason: text, completedAt: nullable(text) };

function adoption(context: SubjectContext): readonly Statement[] {
  return [
    // One process at a time: two could take over the same record.
    lockRecords({ schema: context.schema, ...context.subject }, 'exclusive'),
    discard(context),
    takeOver(context),
    reset(context),
  ];
}

/**
 * Reads the record. `isStale`: it is about a table that was dropped, or there is a record that this table has to take
 * over. The status is null if there is no record.
 */
async function read(session: Session, context: SubjectContext) {
  const { schema } = context;
  const { last } = await session.send([
    {
      text: `SELECT own.status, own.reason, ${isoTime('own.completed_at')},
          CASE WHEN $4::oid IS NULL THEN false WHEN own.status IS NOT NULL THEN own.table_id IS DISTINCT FROM $4::oid
            ELSE EXISTS (SELECT FROM ${schema}.backfill WHERE ${isFormer()}) END
        FROM (VALUES (1)) AS one LEFT JOIN ${schema}.backfill AS own ON ${context.is('own')}`,
      values: withTableId(context),
    },
  ]);
  return last.one({
    status: nullable(oneOf<BackfillStatus>()),
    reason: nullable(text),
    completedAt: nullable(text),
    isStale: boolean,
  });
}

function select(context: SubjectContext): Statement {
  return {
    text: `SELECT status, reason, ${isoTime('completed_at')} FROM ${context.schema}.backfill WHERE ${context.is()}`,
    values: context.values,
  };
}

/** The SQL condition that a record of another name is about this table, or about none. */
function isFormer(): string {
  return `name = $1 AND version = $2::int AND target <> $3 AND (target = '' OR ${isRenamed()})`;
}

/**
 * The SQL condition that the table of a record is this table now. After a restore from a dump, the OID may be that of
 * another table, which still has its name.
 */
function isRenamed(): string {
  return `table_id = $4::oid AND NOT ${existsTarget('target')}`;
}

/** See `StatusLedger.read`: the status of the record that belongs to the table, or will when a run takes it over. */
export function readStatus(context: SubjectContext): Statement {
  return {
    text: `SELECT CASE WHEN table_id IS NULL OR $4::oid IS NULL OR table_id = $4::oid THEN status END
      FROM ${context.schema}.backfill
      WHERE (name = $1 OR name = ANY ($5::text[])) AND version = $2::int AND (target IN ($3, '') OR ${isRenamed()})
      ORDER BY name = $1 DESC, target = $3 DESC, target = '' LIMIT 1`,
    values: [...withTableId(context), toArrayText(context.subject.formerly ?? [])],
  };
}

/** Deletes the record of another table that had this name, if this table brings its own record. */
function discard(context: SubjectContext): Statement {
  const { schema } = context;
  const deleteFrom = (table: string) =>
    `DELETE FROM ${schema}.${table} WHERE ${context.is()} AND EXISTS (SELECT FROM discarded)`;
  return {
    text: `WITH discarded AS (
        DELETE FROM ${schema}.backfill AS own WHERE ${context.is('own')} AND own.table_id <> $4::oid
          AND EXISTS (SELECT FROM ${schema}.backfill WHERE ${isFormer()} AND target <> '') RETURNING 1
      ), skipped AS (${deleteFrom('skipped_row')}), counted AS (${deleteFrom('tenant_progress')})
      ${deleteFrom('quarantined_row')}`,
    values: withTableId(context),
  };
}

/** The foreign keys carry transitions, ranges and the probes of catch-up along. */
function takeOver(context: SubjectContext): Statement {
  const { schema } = context;
  const hasFormerTarget = (alias: string) =>
    `${alias}.name = $1 AND ${alias}.version = $2::int AND ${alias}.target = former.target`;
  return {
    text: `WITH former AS (
        SELECT target FROM ${schema}.backfill
        WHERE ${isFormer()}
          AND NOT EXISTS (SELECT FROM ${schema}.backfill WHERE ${context.is()})
        ORDER BY target = '' LIMIT 1
      ), skipped AS (
        UPDATE ${schema}.skipped_row AS s SET target = $3 FROM former WHERE ${hasFormerTarget('s')}
      ), quarantined AS (
        UPDATE ${schema}.quarantined_row AS q SET target = $3 FROM former WHERE ${hasFormerTarget('q')}
      ), counted AS (
        UPDATE ${schema}.tenant_progress AS p SET target = $3 FROM former WHERE ${hasFormerTarget('p')}
      ), controlled AS (
        UPDATE ${schema}.control AS c SET target = $3 FROM former WHERE ${hasFormerTarget('c')} AND c.target <> '${EVERY_TARGET}'
      )
      UPDATE ${schema}.backfill AS b SET target = $3, table_id = $4::oid FROM former WHERE ${hasFormerTarget('b')}`,
    values: withTableId(context),
  };
}

/** Returns a row if the table is another one than that of the records. */
function reset(context: SubjectContext): Statement {
  const { schema, owner } = context;
  const deleteFrom = (table: string) =>
    `DELETE FROM ${schema}.${table} WHERE ${context.is()} AND EXISTS (SELECT FROM former)`;
  return {
    text: `WITH former AS (
        SELECT status FROM ${schema}.backfill WHERE ${context.is()} AND table_id <> $4::oid FOR UPDATE
      ), ranges AS (${deleteFrom('range')}), skipped AS (${deleteFrom('skipped_row')}),
      quarantined AS (${deleteFrom('quarantined_row')}), counted AS (${deleteFrom('tenant_progress')}),
      probes AS (${deleteFrom('catch_up')}), recorded AS (
        INSERT INTO ${schema}.transition (name, version, target, from_status, to_status, reason, actor)
        SELECT $1, $2::int, $3, status, 'pending', $5, $6 FROM former WHERE status NOT IN ('pending', ${HELD})
      )
      UPDATE ${schema}.backfill AS b SET table_id = $4::oid, waiting_for = NULL, started_at = NULL, completed_at = NULL,
        sealed_by = NULL, sealed_at = NULL, changed_at = pg_catalog.clock_timestamp(),
        status = CASE WHEN b.status IN (${HELD}) THEN b.status ELSE 'pending' END,
        reason = CASE WHEN b.status IN (${HELD}) THEN b.reason ELSE $5 END
      FROM former WHERE ${context.is('b')} RETURNING 1`,
    values: [...withTableId(context), RESET_REASON, owner],
  };
}

/** A person may have paused or cancelled the backfill on every table, also on those that come later. */
function insert(context: SubjectContext, kind: string): Statement {
  const { schema } = context;
  return {
    text: `INSERT INTO ${schema}.backfill AS backfill (name, version, target, table_id, kind, status, reason)
      SELECT $1, $2::int, $3, $4::oid, $5, coalesce(hold.value, 'pending'),
        CASE WHEN hold.value IS NULL THEN 'Declared, and not run yet.' ELSE coalesce(hold.why, 'A person has held it.') END
      FROM (VALUES (1)) AS one LEFT JOIN LATERAL (
        SELECT value, why FROM ${schema}.control
        WHERE name = $1 AND version = $2::int AND target = '${EVERY_TARGET}' AND setting = '${HOLD_SETTING}'
        ORDER BY id DESC LIMIT 1
      ) AS hold ON true
      ON CONFLICT (name, version, target) DO UPDATE SET table_id = coalesce(excluded.table_id, backfill.table_id)`,
    values: [...withTableId(context), kind],
  };
}

function withTableId(context: SubjectContext): readonly (string | null)[] {
  return [...context.values, context.target.tableId];
}
