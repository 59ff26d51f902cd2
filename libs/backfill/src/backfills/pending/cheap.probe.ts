import { keyFromJson, type Key } from '../../ledger/range.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import { applyBatchPolicy, applyPolicy } from '../../postgres/timeout-policy.js';
import { inspectAccess } from '../batch/access.inspector.js';
import type { RowSelection } from '../batch/row-selection.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { keyAtDistance, probeWindow } from './key-window.js';
import { TOO_SLOW, unlessTooSlow } from './too-slow.js';

/** Short, because the probe is repeated on a schedule and must not load the database noticeably. */
const STATEMENT_TIMEOUT_MS = 1_000;
/**
 * Shorter than the statement timeout, so that the error of a long wait for a lock is a lock timeout.
 */
const LOCK_TIMEOUT_MS = 500;
/** Maximum number of keys after the cursor that one probe without an index reads. */
const MAX_KEYS_AFTER_CURSOR = 10_000;
/**
 * Number of the highest keys that each probe without an index reads, because new rows often have the highest
 * keys.
 */
const HIGHEST_KEYS = 1_000;
/** After a statement timeout, the number of keys is divided by this factor. */
const SHRINK_FACTOR = 10;

export type CheapProbeResult =
  /** The constraints in `by` exclude every pending row. No row was read. */
  | { readonly kind: 'sealed'; readonly by: string }
  /** A row is pending. `index` is the index that found it; null if the row was found without an index. */
  | { readonly kind: 'found'; readonly index: string | null }
  /**
   * No pending row was found. With an index, no row of the table is pending. Without an index, only some keys
   * were read. `cursor` is the last of these keys, or null if the probe reached the end of the table.
   */
  | { readonly kind: 'none'; readonly index: string | null; readonly cursor: Key | null };

/** Copies a definition with the short timeouts of a cheap probe. */
export function withShortTimeouts(definition: BackfillDefinition): BackfillDefinition {
  const { pace } = definition;
  const lockTimeout = Math.min(LOCK_TIMEOUT_MS, pace.lockTimeout);
  const statementTimeout = Math.min(STATEMENT_TIMEOUT_MS, pace.statementTimeout);
  return { ...definition, pace: { ...pace, lockTimeout, statementTimeout } };
}

/**
 * Searches for a pending row at low cost, for callers that repeat the search. The probe uses an index that
 * serves the predicate. Without such an index, it reads the highest keys and some keys after the cursor, so
 * that repeated probes cover the whole table one part after the other. It never scans the whole table and
 * takes no row lock.
 *
 * @param selection the rows of a definition that `withShortTimeouts` returned
 * @param cursor the `cursor` of the previous probe; null: start of the table
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
  // The index serves the predicate. Stale statistics must not make the planner choose a sequential scan.
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
  const highest = await probeKeysAfter(session, selection, belowHighest, HIGHEST_KEYS);
  if (highest.isPending) return { kind: 'found', index: null };
  // The highest keys are all keys of the table.
  if (belowHighest === null) return { kind: 'none', index: null, cursor: null };
  const next = await probeKeysAfter(session, selection, cursor, MAX_KEYS_AFTER_CURSOR);
  return next.isPending ? { kind: 'found', index: null } : { kind: 'none', index: null, cursor: next.cursor };
}

async function probeKeysAfter(
  session: Session,
  selection: RowSelection,
  after: Key | null,
  keys: number,
): Promise<{ readonly isPending: boolean; readonly cursor: Key | null }> {
  const window = await unlessTooSlow(() =>
    probeWindow(session, selection, { after, keys, excludeQuarantined: true }),
  );
  if (window === TOO_SLOW) {
    if (keys > 1) return probeKeysAfter(session, selection, after, Math.ceil(keys / SHRINK_FACTOR));
    // The predicate takes too long on this single row. The probe skips it, and the proof of completion, which
    // has a longer timeout, reads it.
    const next = await keyAtDistance(session, selection, { after, upTo: null, keys: 1 });
    return { isPending: false, cursor: next };
  }
  return { isPending: window.firstPending !== null, cursor: window.count < keys ? null : window.last };
}

/** The highest key below the `HIGHEST_KEYS` highest keys; null if the table has no other keys. */
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
