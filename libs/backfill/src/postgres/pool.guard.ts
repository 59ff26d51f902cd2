import type { ClientBase, Pool } from 'pg';
import type { DataSource } from 'typeorm';

const guarded = new WeakSet<Pool>();

/**
 * Keeps the process alive when the server ends a connection in the same breath in which it says that it is ready.
 *
 * pg-pool takes its own listener off a new connection as it hands it out, and TypeORM puts one on in the next microtask. The driver
 * reads both messages of one packet in between, and an `error` that nobody listens to ends the process.
 */
export function guardPool(dataSource: DataSource): void {
  const { master } = dataSource.driver as { readonly master?: Pool };
  if (typeof master?.on !== 'function' || guarded.has(master)) return;
  guarded.add(master);
  master.on('connect', (client: ClientBase) => {
    client.on('error', ignore);
    // By then its borrower listens, who is to hear of it as ever.
    setImmediate(() => client.removeListener('error', ignore));
  });
}

function ignore(): void {
  // Told by the next statement on this connection.
}
