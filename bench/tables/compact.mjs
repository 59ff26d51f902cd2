/**
 * A CRM's leads in short rows. Each further index makes every change more expensive by the same amount for
 * all ways, so the ratios between them come closer to 1.
 * @param {{ moreIndexes?: boolean }} options
 * @returns {import('./tables.mjs').Table['build']}
 */
export const buildCompact =
  ({ moreIndexes = false }) =>
  async (client, rows) => {
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
    if (moreIndexes) {
      await client.query('CREATE INDEX ON leads (tenant_id, status)');
      await client.query('CREATE INDEX ON leads (email)');
      await client.query('CREATE INDEX ON leads (created_at)');
    }
  };
