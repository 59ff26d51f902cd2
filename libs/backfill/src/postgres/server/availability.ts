import { setTimeout as pause } from 'node:timers/promises';
import { backOff } from '../../text/back-off.js';
import { formatDuration } from '../../text/duration.format.js';
import {
  classifyDatabaseError,
  messageOf,
  READ_ONLY,
  sqlState,
  TRANSACTION_TIMEOUT,
} from '../error-classes.js';

/** How long work waits for a database that is unavailable, unless the caller sets another time. */
export const DEFAULT_PATIENCE_MS = 60_000;
const BACK_OFF = { baseMs: 200, maxMs: 2_000 } as const;
/** SQLSTATEs of a server that starts, stops, has no free connection, or is a standby. */
const NOT_READY = new Set(['57P03', '53300', READ_ONLY]);

/**
 * Whether the database cannot do the work now and probably can in some seconds, e.g. during a failover. Also true for
 * an error that has such an error as its cause. False if `transaction_timeout` has ended the session: the same
 * transaction would take too long again.
 */
export function isUnavailable(error: unknown): boolean {
  const seen = new Set<unknown>();
  for (let each = error; typeof each === 'object' && each !== null && !seen.has(each);) {
    seen.add(each);
    if (sqlState(each) === TRANSACTION_TIMEOUT) return false;
    const failure = classifyDatabaseError(each);
    if (failure === 'connection') return true;
    if (failure === 'busy' && (NOT_READY.has(sqlState(each) ?? '') || isOfStandby(each))) return true;
    each = (each as { cause?: unknown }).cause;
  }
  return false;
}

/** `SET TRANSACTION READ WRITE` on a standby. */
function isOfStandby(error: unknown): boolean {
  return sqlState(error) === '0A000';
}

export interface PatienceOptions {
  /** Milliseconds after the first failure. @default 60_000 */
  readonly patienceMs?: number | undefined;
  readonly log: { log(message: string): void };
  /** The work, for the message. */
  readonly subject: string;
  /** Stops the wait. @default never */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Does the work again while the database is unavailable, until the patience is over.
 *
 * @param work must be repeatable @throws the last error of `work`
 */
export async function whileUnavailable<T>(
  { patienceMs = DEFAULT_PATIENCE_MS, log, subject, signal }: PatienceOptions,
  work: () => Promise<T>,
): Promise<T> {
  let failedAt: number | null = null;
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      failedAt ??= performance.now();
      const isOver = performance.now() - failedAt >= patienceMs || signal?.aborted === true;
      if (!isUnavailable(error) || isOver) throw error;
      if (attempt === 1)
        log.log(
          `Waiting for the database, at most ${formatDuration(patienceMs)}, to continue with ${subject}: ${messageOf(error)}`,
        );
      await pause(backOff(attempt, BACK_OFF));
    }
  }
}
