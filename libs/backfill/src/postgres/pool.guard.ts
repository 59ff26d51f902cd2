import type { ClientBase, Pool } from 'pg';
import type { DataSource } from 'typeorm';
import { ignoreError } from './stream.js';

const guardedPools = new WeakSet<Pool>();

/**
 * Prevents a crash of the process when the server closes a new connection immediately after the connection
 * became ready.
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
    // TypeORM has added its own listener before this runs. That listener must receive later errors.
    setImmediate(() => client.removeListener('error', ignoreError));
  });
}

/** How many connections the pool of a data source opens at most; undefined if the driver does not say. */
export function maxPoolConnections(dataSource: DataSource): number | undefined {
  const { master } = dataSource.driver as { readonly master?: Partial<Pool> };
  return master?.options?.max;
}
