import type { RunConnection } from '../connection/run-connection.js';
import type { StopSignal } from './stop-signal.js';

/** Milliseconds that the batch in hand gets after a signal, where nothing else is said. */
export const CANCEL_AFTER = 3_000;
/** Milliseconds between two requests to cancel. */
const CANCEL_EVERY = 500;

export interface StopPatience {
  /** Milliseconds that the batch in hand gets after a signal, before the server is asked to cancel it. */
  readonly cancelAfterMs: number;
  /** Milliseconds after which its connection is broken off, whatever the application's code does; null for never. */
  readonly abandonAfterMs: number | null;
}

/**
 * Sees to it that a run which is asked to stop comes to its end, also where a statement or the application's code takes long.
 *
 * @param connections in use at the moment
 * @returns ends the watch
 */
export function enforceStop(
  { signal }: StopSignal,
  { cancelAfterMs, abandonAfterMs }: StopPatience,
  connections: () => Iterable<RunConnection>,
): () => void {
  let timer: NodeJS.Timeout | undefined;
  let last: NodeJS.Timeout | undefined;
  const cancel = () => {
    for (const { session } of connections()) void session?.cancel();
    timer = setTimeout(cancel, CANCEL_EVERY);
  };
  const abandon = () => {
    clearTimeout(timer);
    for (const connection of connections()) void connection.abandon();
  };
  const arm = () => {
    timer = setTimeout(cancel, cancelAfterMs);
    if (abandonAfterMs !== null) last = setTimeout(abandon, abandonAfterMs);
  };
  if (signal.aborted) arm();
  else signal.addEventListener('abort', arm, { once: true });
  return () => {
    clearTimeout(timer);
    clearTimeout(last);
    signal.removeEventListener('abort', arm);
  };
}
