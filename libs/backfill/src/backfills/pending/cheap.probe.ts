import { keyFromJson, type Key } from '../../ledger/range.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyBatchPolicy, applyPolicy } from '../../postgres/timeout-policy.js';
import { inspectAccess } from '../batch/access.inspector.js';
import type { RowSelection } from '../batch/row-selection.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { keyAtDistance, probeWindow } from './key-window.js';
import { TOO_SLOW, unlessTooSlow } from './too-slow.js';

/**
 * Maximum duration of one statement. The probe runs again and again, so a longer statement would be noticed.
 */
const STATEMENT_TIMEOUT_MS = 1_000;
/** Shorter than the statement timeout, so that the error shows whether a lock or the query took the time. */
const LOCK_TIMEOUT_MS = 500;
/** Keys after the cursor that one probe without an index reads. */
const KEYS_AFTER_CURSOR = 10_000;
/** Highest keys that each probe without an index reads, because new rows arrive there. */
const HIGHEST_KEYS = 1_000;
/** Factor by which the number of keys shrinks after a statement timeout. */
const SHRINK_FACTOR = 10;

export type CheapProbeResult =
  /** Constraints of the table rule out that a row is pending. No row was read. */
  | { readonly kind: 'sealed'; readonly by: string }
  /** @param index the index that found the row; null: no index serves the predicate */
  | { readonly kind: 'found'; readonly index: string | null }
  /**
   * With an index: no row is pending. Without one: no row is pending among the keys that were read; `cursor`
   * is the last of them, or null at the end of the table.
   */
  | { readonly kind: 'none'; readonly index: string | null; readonly cursor: Key | null };

/** The same backfill with short timeouts, for a cheap probe. */
export function withShortTimeouts(definition: BackfillDefinition): BackfillDefinition {
  const { pace } = definition;
  const lockTimeout = Math.min(LOCK_TIMEOUT_MS, pace.lockTimeout);
  const statementTimeout = Math.min(STATEMENT_TIMEOUT_MS, pace.statementTimeout);
  return { ...definition, pace: { ...pace, lockTimeout, statementTimeout } };
}

/**
 * A cheap search for a pending row, for callers that repeat it. It uses an index that serves the predicate.
 * Without such an index it reads the highest keys and some keys after the cursor, so that repeated probes
 * cover the whole table in turn. It never scans a whole table and locks nothing.
 *
 * @param selection of a definition `withShortTimeouts`
 * @param cursor where the previous probe ended; null: start of the table
 */
export async function probeCheaply(
  session: Session,
  selection: RowSelection,
  cursor: Key | null,
): Promise<CheapProbeResult> {
  const access = await inspectAccess(session, selection);
  if (access.kind === 'impossible') return { kind: 'sealed', by: access.by };
  if (access.kind === 'index') {
    const index = access.name;
    const isPending = await unlessTooSlow(() => probeByIndex(session, selection));
    if (isPending !== TOO_SLOW)
      return isPending ? { kind: 'found', index } : { kind: 'none', index, cursor: null };
  }
  return probeByKeys(session, selection, cursor);
}

async function probeByIndex(session: Session, selection: RowSelection): Promise<boolean> {
  const parameters = selection.parameters();
  // The index is known to serve the predicate, so stale statistics must not lead to a sequential scan.
  const policy = applyPolicy(selection.definition.pace, { enable_seqscan: 'off', jit: 'off' });
  const result = await session.query(policy, {
    text: `SELECT 1 FROM ${selection.from} WHERE ${selection.isPending(parameters, { excludeQuarantined: true })} LIMIT 1`,
    values: parameters.values,
  });
  return result.rows.length > 0;
}

async function probeByKeys(
  session: Session,
  selection: RowSelection,
  cursor: Key | null,
): Promise<CheapProbeResult> {
  const belowHighest = await keyBelowHighest(session, selection);
  const highest = await probeSomeKeys(session, selection, belowHighest, HIGHEST_KEYS);
  if (highest.isPending) return { kind: 'found', index: null };
  // The table has no other keys.
  if (belowHighest === null) return { kind: 'none', index: null, cursor: null };
  const next = await probeSomeKeys(session, selection, cursor, KEYS_AFTER_CURSOR);
  return next.isPending ? { kind: 'found', index: null } : { kind: 'none', index: null, cursor: next.cursor };
}

async function probeSomeKeys(
  session: Session,
  selection: RowSelection,
  after: Key | null,
  keys: number,
): Promise<{ readonly isPending: boolean; readonly cursor: Key | null }> {
  const window = await unlessTooSlow(() =>
    probeWindow(session, selection, { after, keys, excludeQuarantined: true }),
  );
  if (window === TOO_SLOW) {
    if (keys > 1) return probeSomeKeys(session, selection, after, Math.ceil(keys / SHRINK_FACTOR));
    // Skips a single row whose condition takes too long: the proof of completion has a longer timeout for it.
    const next = await keyAtDistance(session, selection, { after, upTo: null, keys: 1 });
    return { isPending: false, cursor: next };
  }
  return { isPending: window.firstPending !== null, cursor: window.count < keys ? null : window.last };
}

/** The key below the `HIGHEST_KEYS` highest ones; null if the table has no more keys than those. */
async function keyBelowHighest(session: Session, selection: RowSelection): Promise<Key | null> {
  const { pace, name } = selection.definition;
  const parameters = new Parameters();
  const offset = parameters.add(HIGHEST_KEYS, 'int');
  const result = await session.query(applyBatchPolicy(pace, 'off', name), {
    text: `SELECT ${selection.keyJson}::text FROM ${selection.from}
        ORDER BY ${selection.orderBy('DESC')} OFFSET ${offset} LIMIT 1`,
    values: parameters.values,
  });
  return result.firstValue(keyFromJson) ?? null;
}
