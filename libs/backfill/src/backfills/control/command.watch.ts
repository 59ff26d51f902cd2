import { classifyDatabaseError } from '../../postgres/error-classes.js';
import type { Session } from '../../postgres/session.js';
import { SYNCHRONOUS_STANDBY, type SessionWait } from '../../postgres/session-description.js';
import type { CommandOptions } from '../../report/control-report.js';
import { onAbort } from '../../text/abort.listener.js';
import { CommandBlockedError, CommandStoppedError } from './command.error.js';

/** A statement that takes longer is described. */
const QUIET_MS = 2_000;
const CHECK_INTERVAL_MS = 500;

/**
 * Runs the statements of a person's command. While one of them waits, it reports for what; the abort signal cancels it.
 *
 * @throws CommandStoppedError if the signal stopped it; CommandBlockedError after the lock timeout
 */
export async function watchCommand<T>(
  session: Session,
  { signal, waiting }: CommandOptions,
  work: () => Promise<T>,
): Promise<T> {
  const stopped = signal ?? new AbortController().signal;
  assertNotStopped(stopped);
  let reported: string | null = null;
  const check = async () => {
    if (session.waitedMs < QUIET_MS) return;
    const wait = describe(await session.describeWait());
    if (wait === null || session.waitedMs < QUIET_MS) return;
    const isKnown = reported !== null && withoutTimes(wait) === withoutTimes(reported);
    reported = wait;
    if (!isKnown) waiting?.(wait);
  };
  // The wait is only described: an error of the second connection must not end the command.
  const timer = setInterval(() => {
    // A statement that began just after the signal is cancelled too.
    if (stopped.aborted) void session.cancel();
    void check().catch(() => undefined);
  }, CHECK_INTERVAL_MS);
  const removeListener = onAbort(stopped, () => void session.cancel());
  try {
    return await work();
  } catch (error) {
    assertNotStopped(stopped, error);
    if (classifyDatabaseError(error) === 'lock') throw new CommandBlockedError(reported, error);
    throw error;
  } finally {
    clearInterval(timer);
    removeListener();
  }
}

/** @throws CommandStoppedError */
export function assertNotStopped(signal: AbortSignal | undefined, cause?: unknown): void {
  if (signal?.aborted) throw new CommandStoppedError(String(signal.reason), cause);
}

/** The age of a transaction is another one each time. */
function withoutTimes(wait: string): string {
  return wait.replace(/open for \d+ s/g, '');
}

function describe({ holders, isForStandby }: SessionWait): string | null {
  if (isForStandby) return SYNCHRONOUS_STANDBY;
  return holders.length === 0 ? null : `a lock held by ${holders.join('; ')}`;
}
