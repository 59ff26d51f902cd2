/**
 * Leads with rows of about 250 bytes. The indexes exist while the rows are inserted, as in a table that has
 * grown: an index of random keys has the fill that random inserts leave.
 * @param {{ key: string, moreIndexes?: boolean }} options `key`: type and default of the column `id`
 * @returns {import('./tables.mjs').Table['build']}
 */
export const buildGrown =
  ({ key, moreIndexes = false }) =>
  async (client, rows) => {
    await client.query(`CREATE TABLE leads (
      id ${key}, tenant_id int NOT NULL, first_name text NOT NULL, last_name text NOT NULL, email text NOT NULL, phone text,
      status text NOT NULL, notes text, created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, search_name text)`);
    if (moreIndexes) {
      await client.query('CREATE INDEX ON leads (tenant_id, status)');
      await client.query('CREATE INDEX ON leads (email)');
      await client.query('CREATE INDEX ON leads (created_at)');
    }
    await client.query(
      `INSERT INTO leads (tenant_id, first_name, last_name, email, phone, status, notes, created_at, updated_at)
       SELECT i % 50, 'First' || i % 1000, 'Last' || i, 'lead' || i || '@example.com', '+49 30 ' || i,
         (ARRAY['new','open','won','lost'])[i % 4 + 1], repeat(md5(i::text), 3) || md5(i::text || 'n'),
         timestamptz '2020-01-01' + i * interval '1 minute', timestamptz '2020-01-01' + i * interval '1 minute'
       FROM generate_series(1, $1::int) AS i`,
      [rows],
    );
  };
