import type { ClientBase, Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { ignoreError } from './stream.js';

const guardedPools = new WeakSet<Pool>();

/**
 * Keeps the process alive when the server closes a new connection right after it reported that it is ready.
 *
 * pg-pool removes its own `error` listener before it hands out a new connection, and TypeORM adds one in the
 * next microtask. When both messages arrive in one packet, the driver emits `error` in between. An `error`
 * event without a listener ends the process.
 */
export function guardPool(dataSource: DataSource): void {
  const { master } = dataSource.driver as { readonly master?: Pool };
  if (typeof master?.on !== 'function' || guardedPools.has(master)) return;
  guardedPools.add(master);
  master.on('connect', (client: ClientBase) => {
    client.on('error', ignoreError);
    // By then TypeORM has added its listener, which must receive later errors.
    setImmediate(() => client.removeListener('error', ignoreError));
  });
}
