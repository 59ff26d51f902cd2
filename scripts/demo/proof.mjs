import pg from 'pg';

/** It counts pending rows, and it also compares each value with the call logs. */
export const PROOF = `
SELECT
  count(*)::int AS leads,
  count(*) FILTER (WHERE last_call_direction IS NULL OR search_name IS NULL)::int AS pending,
  count(*) FILTER (WHERE last_call_direction = 'none')::int AS never_called,
  count(*) FILTER (WHERE last_call_direction IS DISTINCT FROM truth.direction)::int AS wrong,
  (SELECT count(*)::int FROM call_logs WHERE outcome = 'test') AS test_calls
FROM leads
CROSS JOIN LATERAL (
  SELECT COALESCE((
    SELECT direction FROM call_logs
    WHERE lead_id = leads.id ORDER BY called_at DESC, call_logs.id DESC LIMIT 1
  ), 'none') AS direction
) truth`.trim();

/**
 * @param {string} url
 * @returns {Promise<{ complete: boolean, row: Record<string, number> }>}
 */
export async function prove(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(PROOF);
    const row = /** @type {Record<string, number>} */ (rows[0]);
    return { complete: row['pending'] === 0 && row['wrong'] === 0 && row['test_calls'] === 0, row };
  } finally {
    await client.end();
  }
}

/**
 * Whether the contract migration has run: the column is NOT NULL.
 *
 * @param {string} url
 * @returns {Promise<boolean>}
 */
export async function requiresNotNull(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query(
      `SELECT attnotnull FROM pg_attribute WHERE attrelid = 'leads'::regclass AND attname = 'last_call_direction'`,
    );
    return rows[0]?.attnotnull === true;
  } finally {
    await client.end();
  }
}
