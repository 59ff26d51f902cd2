import { onAbort } from '../../../text/abort.listener.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { StopSignal } from './stop-signal.js';

/** Default time from the stop signal to the first request to cancel the current statement. */
export const CANCEL_AFTER_MS = 3_000;
const CANCEL_INTERVAL_MS = 500;

export interface StopTimeouts {
  /** Milliseconds from the stop signal to the first request to cancel the current statement; null: never. */
  readonly cancelAfterMs: number | null;
  /**
   * Milliseconds from the stop signal until the connections are closed, even while the application's code is
   * using them; null: never.
   */
  readonly abandonAfterMs: number | null;
}

/**
 * Ends a run after a stop signal, even if a statement or the application's code takes a long time: cancels
 * the current statements, then closes the connections.
 *
 * @param connections returns the connections in use
 * @returns a function that removes the timers and the listener
 */
export function enforceStop(
  { signal }: StopSignal,
  { cancelAfterMs, abandonAfterMs }: StopTimeouts,
  connections: () => Iterable<RunConnection>,
): () => void {
  let cancelTimer: NodeJS.Timeout | undefined;
  let abandonTimer: NodeJS.Timeout | undefined;
  const cancel = () => {
    for (const { session } of connections()) void session?.cancel();
    cancelTimer = setTimeout(cancel, CANCEL_INTERVAL_MS);
  };
  const abandon = () => {
    clearTimeout(cancelTimer);
    for (const connection of connections()) void connection.abandon();
  };
  const removeListener = onAbort(signal, () => {
    if (cancelAfterMs !== null) cancelTimer = setTimeout(cancel, cancelAfterMs);
    if (abandonAfterMs !== null) abandonTimer = setTimeout(abandon, abandonAfterMs);
  });
  return () => {
    clearTimeout(cancelTimer);
    clearTimeout(abandonTimer);
    removeListener();
  };
}
