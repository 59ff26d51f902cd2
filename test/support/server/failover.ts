import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import type { EmbeddedServer } from '../../../scripts/lib/embedded-server.mjs';

/** Restarts the server as a standby: it answers queries and executes no changes until it is promoted. */
export async function restartAsStandby(server: EmbeddedServer): Promise<void> {
  await server.stop();
  await writeFile(join(server.folder, 'cluster', 'standby.signal'), '');
  await server.start();
}

/** Makes a standby a primary, as a failover does. */
export async function promote(server: EmbeddedServer): Promise<void> {
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  try {
    await client.query('SELECT pg_promote()');
  } finally {
    await client.end();
  }
}
