import { keyFromJson, type Key } from '../../ledger/range.js';
import type { Session } from '../../postgres/session.js';
import type { PendingOptions, RowSelection } from '../batch/row-selection.js';
import { probeWindow } from './key-window.js';
import { inspectFiles } from './order.inspector.js';
import { findPendingByPages, type PageProofOptions, type ProofProgress } from './page-proof.js';
import { queryWithin, TOO_SLOW, unlessTooSlow, WHOLE_TABLE_MS } from './too-slow.js';

/** Number of keys that one statement reads at first if a query on the whole table takes too long. */
const FIRST_WINDOW_KEYS = 5_000;
/** Maximum number of keys that one statement reads. */
const MAX_WINDOW_KEYS = 50_000;
/** The number of keys is doubled if a statement takes less than half of this time, and halved if it takes longer. */
const WINDOW_MS = 2_000;
/** After a statement timeout, the number of keys is divided by this factor. */
const SHRINK_FACTOR = 8;

export interface ProbeOptions extends PendingOptions, Pick<PageProofOptions, 'onSession'> {
  /** Called before each window of a large table, without an open transaction. False stops the probe. */
  readonly canContinue: (session: Session, progress: ProofProgress) => Promise<boolean>;
}

/**
 * Searches for a pending row without a row lock. A backfill is complete only if this probe finds no row.
 *
 * @returns the key of a pending row; null if there is none; `stopped` if `canContinue` returned false
 */
export async function findPending(
  session: Session,
  selection: RowSelection,
  options: ProbeOptions,
): Promise<Key | null | 'stopped'> {
  const parameters = selection.parameters();
  const pending = selection.isPending(parameters, options);
  const result = await queryWithin(WHOLE_TABLE_MS, session, selection, {
    text: `SELECT ${selection.keyJson}::text FROM ${selection.from} WHERE ${pending} LIMIT 1`,
    values: parameters.values,
  });
  if (result !== TOO_SLOW) return result.firstValue(keyFromJson) ?? null;
  const { obstacle } = await inspectFiles(session, selection);
  const found =
    obstacle === null
      ? await findPendingByPages(session, selection, {
          ...options,
          canContinue: (progress) => options.canContinue(session, progress),
        })
      : TOO_SLOW;
  return found === TOO_SLOW ? findPendingByKeys(session, selection, options) : found;
}

/**
 * Searches window by window in the order of the key, each in a transaction of its own. A key does not move, so
 * that no row escapes. If the keys are random, each window reads pages all over the table.
 */
async function findPendingByKeys(
  session: Session,
  selection: RowSelection,
  { canContinue, ...options }: ProbeOptions,
): Promise<Key | null | 'stopped'> {
  let after: Key | null = null;
  let keys = FIRST_WINDOW_KEYS;
  let maxKeys = MAX_WINDOW_KEYS;
  let done = 0;
  while (await canContinue(session, { done, total: null, unit: 'row' })) {
    const startedAt = performance.now();
    const probe = () => probeWindow(session, selection, { ...options, after, keys });
    // A window of one key cannot be smaller. If its statement times out, the probe throws that error.
    const window = keys === 1 ? await probe() : await unlessTooSlow(probe);
    if (window === TOO_SLOW) {
      maxKeys = keys = Math.ceil(keys / SHRINK_FACTOR);
      continue;
    }
    if (window.firstPending !== null) return window.firstPending;
    if (window.count < keys) return null;
    after = window.last;
    done += window.count;
    const ms = performance.now() - startedAt;
    if (ms < WINDOW_MS / 2) keys = Math.min(2 * keys, maxKeys);
    else if (ms > WINDOW_MS) keys = Math.ceil(keys / 2);
  }
  return 'stopped';
}
