import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { EmbeddedServer } from '../lib/embedded-server.mjs';
import { claimFolder } from './folder-claim.mjs';

const DATA = fileURLToPath(new URL('../../.data', import.meta.url));
const CLUSTER = join(DATA, 'postgres');
const NAME = 'crm';

/**
 * @typedef {object} DemoDatabase
 * @property {string} url
 * @property {string} origin a description for people
 * @property {() => Promise<void>} waitUntilUnused resolves when no other session uses it, after ten seconds at most
 * @property {() => Promise<void>} close
 */

/**
 * @param {{ fresh: boolean, keepRunning: boolean }} options
 * @returns {Promise<DemoDatabase>}
 * @throws {import('./folder-claim.mjs').BusyError}
 */
export async function openDatabase({ fresh, keepRunning }) {
  const given = process.env['DATABASE_URL'];
  const nothing = async () => undefined;
  if (given)
    return { url: given, origin: 'the database of DATABASE_URL', waitUntilUnused: nothing, close: nothing };
  mkdirSync(DATA, { recursive: true });
  claimFolder(DATA);
  // The application reads the URL from this file: see src/data-source.ts.
  const urlFile = join(DATA, 'database-url');
  const server = await EmbeddedServer.start({ folder: CLUSTER, database: NAME, urlFile, keepRunning });
  try {
    await createDatabase(server.url('postgres'), fresh);
  } catch (error) {
    await server.close();
    throw error;
  }
  const origin = `an embedded PostgreSQL${server.wasRunning ? ' that was already running' : ''}, data in ${server.folder}`;
  const url = server.url(NAME);
  return { url, origin, waitUntilUnused: () => waitUntilUnused(url), close: () => server.close() };
}

/** @param {string} url */
async function waitUntilUnused(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const deadline = Date.now() + 10_000; Date.now() < deadline; await setTimeout(100)) {
      const { rowCount } = await client.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
      );
      if (!rowCount) return;
    }
  } finally {
    await client.end();
  }
}

/** @returns {Promise<boolean>} whether a server was running */
export async function stopServer() {
  const server = await EmbeddedServer.find({ folder: CLUSTER, urlFile: join(DATA, 'database-url') });
  await server?.stop();
  return server !== undefined;
}

/**
 * @param {string} url of the maintenance database
 * @param {boolean} fresh
 */
async function createDatabase(url, fresh) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    if (fresh) await client.query(`DROP DATABASE IF EXISTS ${NAME} WITH (FORCE)`);
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [NAME]);
    if (!rowCount) await client.query(`CREATE DATABASE ${NAME}`);
  } finally {
    await client.end();
  }
}
