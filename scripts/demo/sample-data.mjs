import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { UsageError } from './arguments.mjs';

const DEFAULT_LEADS = 100_000;

/**
 * Loads the sample data into an empty schema, in one transaction.
 *
 * @param {string} url
 * @param {number | undefined} leads
 * @returns {Promise<{ loaded: boolean, tenants: number, leads: number, calls: number }>} what the database
 *   holds
 * @throws {UsageError} if it already holds another number of leads
 */
export async function loadSampleData(url, leads) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const existing = await countRows(client);
    if (existing.leads === 0) {
      await load(client, leads ?? DEFAULT_LEADS);
      return { loaded: true, ...(await countRows(client)) };
    }
    if (leads !== undefined && leads !== existing.leads) {
      throw new UsageError(
        `The database already holds ${existing.leads} leads, not ${leads}. ` +
          'Leave --leads out, or start again with --fresh (with DATABASE_URL: with an empty database).',
      );
    }
    return { loaded: false, ...existing };
  } finally {
    await client.end();
  }
}

/**
 * @param {pg.Client} client
 * @param {number} leads
 */
async function load(client, leads) {
  const sql = await readFile(new URL('sample-data.sql', import.meta.url), 'utf8');
  await client.query('BEGIN');
  await client.query(`SELECT set_config('demo.leads', $1, true)`, [String(leads)]);
  await client.query(sql);
  await client.query('COMMIT');
  await client.query('VACUUM (ANALYZE) tenants, leads, call_logs');
}

/** @param {pg.Client} client */
async function countRows(client) {
  const { rows } = await client.query(`
    SELECT
      (SELECT count(*) FROM tenants)::int AS tenants,
      (SELECT count(*) FROM leads)::int AS leads,
      (SELECT count(*) FROM call_logs)::int AS calls`);
  return /** @type {{ tenants: number, leads: number, calls: number }} */ (rows[0]);
}
