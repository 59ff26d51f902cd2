import type { ClientBase } from 'pg';
import { MAX_TIMER_MS } from '../text/timers.js';

/** The socket of a connection, or the object that node-postgres uses instead of one. @internal */
export interface Stream {
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
  readonly writableLength?: number;
  destroy(error?: Error): void;
  setKeepAlive?(enable: boolean, initialDelay: number): void;
}

/** Undefined for a client that does not expose a socket, e.g. pg-native. @internal */
export function streamOf(client: ClientBase): Stream | undefined {
  return (client as unknown as { connection?: { stream?: Stream } }).connection?.stream;
}

/**
 * Runs `work`, and destroys the connection if it takes longer than the time limit. The work then fails with
 * the same error as for any other lost connection.
 *
 * @internal
 */
export async function withTimeLimit<T>(
  client: ClientBase,
  limitMs: number,
  work: () => Promise<T>,
): Promise<T> {
  const timer = setTimeout(() => streamOf(client)?.destroy(), Math.min(limitMs, MAX_TIMER_MS));
  try {
    return await work();
  } finally {
    clearTimeout(timer);
  }
}

/** A listener for the `error` event of a client whose errors are reported by its next statement. @internal */
export function ignoreError(): void {
  // An `error` event without a listener ends the process.
}
