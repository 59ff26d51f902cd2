import type { ClientBase } from 'pg';

/** The socket of a connection, or what node-postgres uses in its place. */
export interface Stream {
  readonly bytesRead?: number;
  readonly bytesWritten?: number;
  readonly writableLength?: number;
  destroy(error?: Error): void;
  setKeepAlive?(enable: boolean, initialDelay: number): void;
}

/** Undefined for clients that have no socket of their own, as pg-native. */
export function streamOf(client: ClientBase): Stream | undefined {
  return (client as unknown as { connection?: { stream?: Stream } }).connection?.stream;
}
