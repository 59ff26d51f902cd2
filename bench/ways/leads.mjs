import { EntitySchema } from 'typeorm';

/** The measured table: a CRM's leads with typical indexes. */
export const Lead = new EntitySchema({
  name: 'Lead',
  tableName: 'leads',
  columns: {
    id: { type: 'bigint', primary: true, generated: 'increment' },
    tenantId: { type: 'int', name: 'tenant_id' },
    firstName: { type: 'text', name: 'first_name' },
    lastName: { type: 'text', name: 'last_name' },
    searchName: { type: 'text', name: 'search_name', nullable: true },
  },
});

/** The new value that every way computes. */
export const EXPRESSION = `lower(first_name || ' ' || last_name)`;

/**
 * The table's indexes: three besides the key, or the key alone. Each index makes every change more expensive
 * by the same amount for all ways, so the ratios between them come closer to 1.
 * @typedef {'as in use' | 'key alone'} Indexes
 */

/**
 * Builds the table, vacuumed and analysed.
 * @param {import('pg').Client} client
 * @param {number} rows
 * @param {Indexes} indexes
 */
export async function buildLeads(client, rows, indexes) {
  await client.query(`SET maintenance_work_mem = '256MB'`);
  await client.query(`CREATE TABLE leads (
    id bigint GENERATED ALWAYS AS IDENTITY, tenant_id int NOT NULL, first_name text NOT NULL, last_name text NOT NULL,
    email text NOT NULL, phone text, status text NOT NULL, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, search_name text)`);
  await client.query(
    `INSERT INTO leads (tenant_id, first_name, last_name, email, phone, status, created_at, updated_at)
     SELECT i % 50, 'First' || i % 1000, 'Last' || i, 'lead' || i || '@example.com', '+49 30 ' || i, (ARRAY['new','open','won','lost'])[i % 4 + 1],
       timestamptz '2020-01-01' + i * interval '1 minute', timestamptz '2020-01-01' + i * interval '1 minute'
     FROM generate_series(1, $1::int) AS i`,
    [rows],
  );
  await client.query('ALTER TABLE leads ADD PRIMARY KEY (id)');
  if (indexes === 'as in use') {
    await client.query('CREATE INDEX ON leads (tenant_id, status)');
    await client.query('CREATE INDEX ON leads (email)');
    await client.query('CREATE INDEX ON leads (created_at)');
  }
  await client.query('VACUUM (ANALYZE) leads');
}

/**
 * @param {import('pg').Client} client
 * @returns {Promise<number>} pending rows
 */
export async function pendingLeads(client) {
  const { rows } = await client.query('SELECT count(*)::int AS pending FROM leads WHERE search_name IS NULL');
  return rows[0].pending;
}

/**
 * @param {import('pg').Client} client
 * @returns {Promise<number>} bytes of the table and its indexes
 */
export async function sizeOfLeads(client) {
  const { rows } = await client.query(`SELECT pg_total_relation_size('leads')::float8 AS bytes`);
  return rows[0].bytes;
}
