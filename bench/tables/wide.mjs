/**
 * Leads with rows of almost 2 KB: four fill a page, and they stay below the size from which PostgreSQL moves
 * values out of the row. Every update runs a trigger that sets `updated_at`. A second trigger has a condition
 * that a backfill never meets.
 * @type {import('./tables.mjs').Table['build']}
 */
export const buildWide = async (client, rows) => {
  await client.query('CREATE TABLE tenants (id int PRIMARY KEY)');
  await client.query('INSERT INTO tenants SELECT generate_series(0, 49)');
  await client.query(`CREATE TABLE leads (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id int NOT NULL REFERENCES tenants, first_name text NOT NULL,
    last_name text NOT NULL, email text NOT NULL, status text NOT NULL, profile text NOT NULL,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL, search_name text)`);
  await client.query('CREATE INDEX ON leads (tenant_id)');
  // Hash values do not compress, so the length of the text is the length of the row.
  await client.query(
    `INSERT INTO leads (tenant_id, first_name, last_name, email, status, profile, created_at, updated_at)
     SELECT i % 50, 'First' || i % 1000, 'Last' || i, 'lead' || i || '@example.com', (ARRAY['new','open','won','lost'])[i % 4 + 1],
       (SELECT string_agg(md5(i || '.' || n), '') FROM generate_series(1, 54) AS n),
       timestamptz '2020-01-01' + i * interval '1 minute', timestamptz '2020-01-01' + i * interval '1 minute'
     FROM generate_series(1, $1::int) AS i`,
    [rows],
  );
  await client.query(`CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.updated_at = now(); RETURN NEW; END $$`);
  await client.query(`CREATE FUNCTION announce() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_notify('leads', NEW.id::text); RETURN NULL; END $$`);
  await client.query(
    'CREATE TRIGGER set_updated_at BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION set_updated_at()',
  );
  await client.query(`CREATE TRIGGER announce AFTER UPDATE ON leads FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION announce()`);
};
