import { onAbort } from '../../../text/abort.listener.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { StopSignal } from './stop-signal.js';

/** Default time between the stop signal and the first request to cancel the current statement. */
export const CANCEL_AFTER_MS = 3_000;
const CANCEL_AGAIN_MS = 500;

export interface StopPatience {
  /**
   * Milliseconds between a stop signal and the first request to cancel the current statement; null: never.
   */
  readonly cancelAfterMs: number | null;
  /** Milliseconds after which the connection is closed, whatever the application's code does; null: never. */
  readonly abandonAfterMs: number | null;
}

/**
 * Makes a run end after a stop signal even if a statement or the application's code takes long.
 *
 * @param connections returns the connections in use
 * @returns stops the enforcement
 */
export function enforceStop(
  { signal }: StopSignal,
  { cancelAfterMs, abandonAfterMs }: StopPatience,
  connections: () => Iterable<RunConnection>,
): () => void {
  let cancelTimer: NodeJS.Timeout | undefined;
  let abandonTimer: NodeJS.Timeout | undefined;
  const cancel = () => {
    for (const { session } of connections()) void session?.cancel();
    cancelTimer = setTimeout(cancel, CANCEL_AGAIN_MS);
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
