import { keyFromJson, type Key } from '../../ledger/range.js';
import { classifyDatabaseError } from '../../postgres/error-classes.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyBatchPolicy, applyPolicy } from '../../postgres/timeout-policy.js';
import type { RowSelection } from '../batch/row-selection.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { probeWindow } from './pending.probe.js';
import { keyWithin } from '../run/range/window.js';
import { inspectAccess } from '../batch/access.inspector.js';

/** Milliseconds that one statement of a look may take: more would be felt by others, each time that it is asked. */
const LOOK_MS = 1_000;
/** The part of it that may go by in waiting for a lock, so that it is known which of the two it was. */
const LOOK_LOCK_MS = 500;
/** Keys that a look without an index goes on by, and of the highest ones, where new rows arrive. */
const KEYS_ON = 10_000;
const KEYS_HIGHEST = 1_000;
/** Where so many keys take too long, it is tried with fewer. */
const NARROWING = 10;

/** What a look for pending rows has found. */
export type PendingLook =
  /** The table itself rules out that a row is pending: not one was read. */
  | { readonly kind: 'sealed'; readonly by: string }
  /** @param index the one that serves the predicate; null where none does */
  | { readonly kind: 'found'; readonly index: string | null }
  /** By an index: none at this moment. Else: none among the keys looked at; `cursor` is the last of them, null at the table's end. */
  | { readonly kind: 'none'; readonly index: string | null; readonly cursor: Key | null };

/** The same backfill with little time for each statement, for a look. */
export function inBrief(definition: BackfillDefinition): BackfillDefinition {
  const { pace } = definition;
  const lockTimeout = Math.min(LOOK_LOCK_MS, pace.lockTimeout);
  const statementTimeout = Math.min(LOOK_MS, pace.statementTimeout);
  return { ...definition, pace: { ...pace, lockTimeout, statementTimeout } };
}

/**
 * A cheap look for a row that is due, for who asks again and again: through an index that serves the predicate, or else at some keys
 * of the table, the highest ones and those after the cursor, so that many looks together go round the whole of it. Never reads a
 * table from end to end, and locks nothing.
 *
 * @param selection of a definition `inBrief`
 */
export async function lookForPending(
  session: Session,
  selection: RowSelection,
  cursor: Key | null,
): Promise<PendingLook> {
  const access = await inspectAccess(session, selection);
  if (access.kind === 'impossible') return { kind: 'sealed', by: access.by };
  if (access.kind === 'index') {
    const due = await unlessSlow(() => firstDue(session, selection));
    if (due !== 'too slow') {
      return due ? { kind: 'found', index: access.name } : { kind: 'none', index: access.name, cursor: null };
    }
  }
  return lookAtKeys(session, selection, cursor);
}

async function firstDue(session: Session, selection: RowSelection): Promise<boolean> {
  const parameters = selection.parameters();
  const { rows } = await session.transaction([
    // Whatever the statistics say: it is known that the index serves.
    applyPolicy(selection.definition.pace, { enable_seqscan: 'off', jit: 'off' }),
    {
      text: `SELECT 1 FROM ${selection.from} WHERE ${selection.isPending(parameters, { excludeQuarantined: true })} LIMIT 1`,
      values: parameters.values,
    },
  ]);
  return (rows[1]?.length ?? 0) > 0;
}

async function lookAtKeys(
  session: Session,
  selection: RowSelection,
  cursor: Key | null,
): Promise<PendingLook> {
  const below = await keyBelowHighest(session, selection);
  const highest = await lookAtSome(session, selection, below, KEYS_HIGHEST);
  if (highest.due) return { kind: 'found', index: null };
  // The whole table was no more than that.
  if (below === null) return { kind: 'none', index: null, cursor: null };
  const on = await lookAtSome(session, selection, cursor, KEYS_ON);
  return on.due ? { kind: 'found', index: null } : { kind: 'none', index: null, cursor: on.cursor };
}

async function lookAtSome(
  session: Session,
  selection: RowSelection,
  after: Key | null,
  keys: number,
): Promise<{ readonly due: boolean; readonly cursor: Key | null }> {
  const seen = await unlessSlow(() => probeWindow(session, selection, after, keys, true));
  if (seen === 'too slow') {
    if (keys > 1) return lookAtSome(session, selection, after, Math.ceil(keys / NARROWING));
    // A single row whose condition takes that long is passed by: the proof of completion has more time for it.
    return { due: false, cursor: await keyWithin(session, selection, after, null, 1) };
  }
  const [due, last, count] = seen;
  return { due: due !== null && due !== undefined, cursor: Number(count) < keys ? null : keyFromJson(last) };
}

/** The key that has `KEYS_HIGHEST` others above it; null where the table has no more. */
async function keyBelowHighest(session: Session, selection: RowSelection): Promise<Key | null> {
  const { pace, name } = selection.definition;
  const parameters = new Parameters();
  const offset = parameters.add(KEYS_HIGHEST, 'int');
  const { rows } = await session.transaction([
    applyBatchPolicy(pace, 'off', name),
    {
      text: `SELECT ${selection.keyJson}::text FROM ${selection.from} ORDER BY ${selection.orderBy('DESC')} OFFSET ${offset} LIMIT 1`,
      values: parameters.values,
    },
  ]);
  return keyFromJson(rows[1]?.[0]?.[0]);
}

async function unlessSlow<T>(ask: () => Promise<T>): Promise<T | 'too slow'> {
  try {
    return await ask();
  } catch (error) {
    if (classifyDatabaseError(error) === 'too-slow') return 'too slow';
    throw error;
  }
}
