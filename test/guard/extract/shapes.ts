/** Tables with the values that break careless copies: NULLs, empty texts, mixed case, duplicates. */
export const TABLES = `
  CREATE TYPE state AS ENUM ('new', 'open', 'closed');
  CREATE TABLE owners (id int PRIMARY KEY, name text, region text, rank int, active boolean);
  CREATE TABLE leads (id int PRIMARY KEY, owner_id int, name text, email text, status text, score int, price numeric,
    meta jsonb, tags text[], deleted boolean, created timestamptz, state state DEFAULT 'new');
  CREATE TABLE calls (id int PRIMARY KEY, lead_id int, direction text, seconds int, at timestamptz);
  CREATE TABLE archive (id int PRIMARY KEY, status text, region text, note text, total int);
  CREATE TABLE tags (name text PRIMARY KEY, uses int);
  INSERT INTO owners SELECT i, (ARRAY['Ann', 'BOB', NULL, 'it''s', ''])[i % 5 + 1],
    (ARRAY['eu', 'us', NULL])[i % 3 + 1], i % 4, i % 2 = 0 FROM generate_series(1, 9) i;
  INSERT INTO leads SELECT i, CASE WHEN i % 4 = 0 THEN NULL ELSE i % 11 END,
    (ARRAY['Ann', ' Bob ', NULL, 'it''s', '', 'name l.name'])[i % 6 + 1], (ARRAY['A@x.org', 'b@X.org', NULL])[i % 3 + 1],
    (ARRAY['new', 'open', NULL, 'old', 'closed'])[i % 5 + 1], nullif(i % 7, 3), i / 3.0,
    CASE WHEN i % 5 = 0 THEN NULL ELSE jsonb_build_object('plan', (ARRAY['a', 'b'])[i % 2 + 1], 'n', i) END,
    CASE WHEN i % 3 = 0 THEN ARRAY['x', 'y'] END, i % 3 = 1, '2024-01-01'::timestamptz + i * interval '1 day',
    (ARRAY['new', 'open', 'closed']::state[])[i % 3 + 1] FROM generate_series(1, 40) i;
  INSERT INTO calls SELECT i, i % 25 + 1, (ARRAY['in', 'out', NULL])[i % 3 + 1], i * 7 % 50,
    '2024-02-01'::timestamptz + i * interval '1 hour' FROM generate_series(1, 60) i;
  INSERT INTO archive VALUES (3, 'kept', 'eu', NULL, 1), (5, 'kept', NULL, '', 2);`;

/** Code that sends the statements, one after another. */
export const q = (...statements: readonly string[]): string =>
  statements.map((sql) => `    await queryRunner.query(\`${sql.replace(/\\/g, '\\\\')}\`);`).join('\n');

/** Bodies of `up` by their description: `extract` moves every data change in them. */
export const MOVED: Readonly<Record<string, string>> = {
  'a constant': q(`UPDATE leads SET status = 'x'`),
  'two updates of different rows': q(
    `UPDATE leads SET name = 'one' WHERE status = 'new'`,
    `UPDATE leads SET name = 'two' WHERE status IN ('open', 'old')`,
    `UPDATE leads SET name = 'none' WHERE status IS NULL AND id > 3`,
  ),
  'two updates of rows with other numbers': q(
    `UPDATE leads SET email = upper(email) WHERE owner_id = 1`,
    `UPDATE leads SET email = lower(email) WHERE owner_id = 2`,
  ),
  'a constant with quotes and backslashes': q(`UPDATE leads SET name = 'it''s \\ "x"' WHERE id < 9`),
  NULL: q(`UPDATE leads SET email = NULL WHERE status = 'old'`),
  'several columns': q(`UPDATE leads SET status = 'x', score = 7, deleted = false WHERE owner_id IS NULL`),
  'an expression over other columns': q(
    `UPDATE leads SET email = lower(name) || '@' || coalesce(status, '-')`,
  ),
  'an expression that is NULL for some rows': q(`UPDATE leads SET email = lower(name) WHERE email IS NULL`),
  'the column itself in another case': q(`UPDATE leads SET email = lower(email)`),
  'the column itself, trimmed': q(`UPDATE leads SET name = trim(both from name) WHERE name IS NOT NULL`),
  'a default for NULL': q(`UPDATE leads SET score = coalesce(score, 0)`),
  'a replaced text': q(`UPDATE leads SET email = replace(email, '@x', '@why')`),
  'a CASE that maps values': q(
    `UPDATE leads SET status = CASE status WHEN 'new' THEN 'fresh' WHEN 'old' THEN 'stale' ELSE status END`,
  ),
  'a CASE over other columns': q(
    `UPDATE leads SET status = CASE WHEN score > 3 THEN 'hot' WHEN score IS NULL THEN NULL ELSE 'cold' END`,
  ),
  'a change that its WHERE ends': q(
    `UPDATE leads SET score = score * 10, status = 'done' WHERE status = 'open'`,
  ),
  'a counter behind a flag': q(`UPDATE leads SET score = score + 1, deleted = true WHERE deleted = false`),
  'an alias in literals and columns': q(
    `UPDATE leads AS l SET name = 'l.name' || l.id WHERE l.score > 2 AND l.name <> 'l.id'`,
  ),
  'quoted names': q(`UPDATE "leads" SET "status" = "leads"."email" WHERE "leads"."deleted"`),
  'a schema in names': q(`UPDATE public.leads SET status = public.leads.email WHERE public.leads.score = 1`),
  'comments inside': q(
    `UPDATE leads -- the leads\n SET /* new */ status = 'x' -- , score = 1\n WHERE /* not */ deleted`,
  ),
  'a join': q(`UPDATE leads SET status = o.region FROM owners o WHERE o.id = leads.owner_id`),
  'a join with names that need no qualifier': q(
    `UPDATE leads SET status = region FROM owners o WHERE o.id = owner_id AND active`,
  ),
  'a join that only filters': q(
    `UPDATE leads l SET status = 'owned' FROM owners o WHERE o.id = l.owner_id AND o.active`,
  ),
  'a join with several equal matches': q(
    `UPDATE leads l SET status = 'called' FROM calls c WHERE c.lead_id = l.id`,
  ),
  'a join of two tables': q(
    `UPDATE calls SET direction = o.region FROM leads l JOIN owners o ON o.id = l.owner_id WHERE l.id = calls.lead_id AND calls.seconds > 10`,
  ),
  'a join with an aggregated query': q(
    `UPDATE leads l SET score = c.n FROM (SELECT lead_id, count(*)::int AS n FROM calls GROUP BY lead_id) c WHERE c.lead_id = l.id`,
  ),
  'a join with the table itself': q(
    `UPDATE leads l SET email = p.name FROM leads p WHERE p.id = l.owner_id AND p.name IS NOT NULL`,
  ),
  'a join with VALUES': q(
    `UPDATE leads SET status = v.label FROM (VALUES ('new', 'N'), ('old', 'O')) AS v(code, label) WHERE leads.email IS NOT NULL AND v.code = CASE WHEN leads.score > 3 THEN 'new' ELSE 'old' END`,
  ),
  'a subquery': q(`UPDATE leads SET score = (SELECT max(c.seconds) FROM calls c WHERE c.lead_id = leads.id)`),
  'a subquery over a column of the same name': q(
    `UPDATE leads SET name = (SELECT name FROM owners WHERE owners.id = owner_id)`,
  ),
  'a subquery with ORDER BY and LIMIT': q(
    `UPDATE leads SET status = (SELECT direction FROM calls WHERE lead_id = leads.id ORDER BY at DESC LIMIT 1) WHERE EXISTS (SELECT 1 FROM calls WHERE lead_id = leads.id)`,
  ),
  'a CTE': q(
    `WITH last AS (SELECT lead_id, max(seconds) AS s FROM calls GROUP BY lead_id) UPDATE leads SET score = last.s FROM last WHERE last.lead_id = leads.id`,
  ),
  'IN with a subquery': q(
    `UPDATE leads SET deleted = true WHERE owner_id IN (SELECT id FROM owners WHERE NOT active)`,
  ),
  'JSON paths': q(`UPDATE leads SET status = meta->>'plan' WHERE meta ? 'plan'`),
  arrays: q(`UPDATE leads SET tags = ARRAY[status, 'z'] WHERE status IS NOT NULL`),
  'an enum': q(`UPDATE leads SET state = 'closed' WHERE state <> 'closed'`),
  'a new column': q(
    `ALTER TABLE leads ADD COLUMN slug text`,
    `UPDATE leads SET slug = lower(replace(name, ' ', '-'))`,
  ),
  'a new JSON column without equality': q(
    `ALTER TABLE leads ADD COLUMN extra json`,
    `UPDATE leads SET extra = to_json(name) WHERE name IS NOT NULL`,
  ),
  'a new column with a random value': q(
    `ALTER TABLE leads ADD COLUMN token uuid`,
    `UPDATE leads SET token = gen_random_uuid()`,
    `UPDATE leads SET status = 'has token' WHERE token IS NOT NULL`,
    `ALTER TABLE leads DROP COLUMN token`,
  ),
  'a new column that becomes NOT NULL': q(
    `ALTER TABLE leads ADD COLUMN slug text`,
    `UPDATE leads SET slug = coalesce(name, '?')`,
    `ALTER TABLE leads ALTER COLUMN slug SET NOT NULL`,
  ),
  'a source column that is dropped': q(
    `ALTER TABLE leads ADD COLUMN slug text`,
    `UPDATE leads SET slug = name`,
    `ALTER TABLE leads DROP COLUMN name`,
    `ALTER TABLE leads RENAME COLUMN slug TO name`,
  ),
  'a type that changes afterwards': q(
    `UPDATE leads SET status = '0' WHERE status IS NULL OR status !~ '^[0-9]+$'`,
    `ALTER TABLE leads ALTER COLUMN status TYPE int USING status::int`,
  ),
  'two updates, the second for the rest': q(
    `ALTER TABLE leads ADD COLUMN kind text`,
    `UPDATE leads SET kind = 'a' WHERE score > 3`,
    `UPDATE leads SET kind = 'b' WHERE kind IS NULL`,
    `ALTER TABLE leads ALTER COLUMN kind SET NOT NULL`,
  ),
  'a chain over two tables': q(
    `UPDATE owners SET region = 'none' WHERE region IS NULL`,
    `UPDATE leads SET status = o.region FROM owners o WHERE o.id = leads.owner_id`,
    `ALTER TABLE owners ALTER COLUMN region SET NOT NULL`,
  ),
  'two statements in one call': q(
    `UPDATE leads SET status = 'x' WHERE deleted; CREATE TABLE later (id int PRIMARY KEY); UPDATE owners SET rank = 0 WHERE rank IS NULL OR rank > 2`,
  ),
  parameters: `    await queryRunner.query('UPDATE leads SET status = $1, score = $2 WHERE email = $3 OR name = $4', ['it\\'s', -5, 'A@x.org', null]);`,
  'constants of the code': `    const TABLE = 'leads';\n    const status = 'x';\n    await queryRunner.query(\`UPDATE \${TABLE} SET status = '\${status}' WHERE deleted\`);`,
  'all rows deleted': q(`DELETE FROM calls`),
  'a selective DELETE': q(`DELETE FROM calls c WHERE c.direction IS NULL OR c.seconds < 5`),
  'DELETE with USING': q(`DELETE FROM calls USING leads l WHERE l.id = calls.lead_id AND l.deleted`),
  'DELETE of orphans': q(`DELETE FROM calls WHERE NOT EXISTS (SELECT 1 FROM leads WHERE leads.id = lead_id)`),
  'DELETE of duplicates': q(`DELETE FROM calls a USING calls b WHERE a.id < b.id AND a.lead_id = b.lead_id`),
  TRUNCATE: q(`TRUNCATE calls`),
  'a copy with constants and calls': q(
    `INSERT INTO archive (id, status, region) SELECT id, 'archived', upper(status) FROM leads WHERE id > 10`,
  ),
  'a copy with a join': q(
    `INSERT INTO archive (id, status, region, note) SELECT l.id, 'archived', upper(o.region), o.name AS n FROM leads l JOIN owners o ON o.id = l.owner_id WHERE l.id > 10`,
  ),
  'a copy with a left join': q(
    `INSERT INTO archive (id, region, total) SELECT l.id, o.region, coalesce(o.rank, -1) FROM leads AS l LEFT JOIN owners AS o ON o.id = l.owner_id AND o.active WHERE l.id BETWEEN 10 AND 30`,
  ),
  'a copy with a comma join': q(
    `INSERT INTO archive (id, note) SELECT c.id, l.name FROM leads l, calls c WHERE l.id = c.lead_id AND c.id > 9`,
  ),
  'a copy with subqueries': q(
    `INSERT INTO archive (id, total) SELECT id, (SELECT count(*) FROM calls WHERE lead_id = leads.id) FROM leads WHERE id > 6`,
  ),
  'a copy that skips existing rows': q(
    `INSERT INTO archive (id, status) SELECT id, status FROM leads ON CONFLICT (id) DO NOTHING`,
  ),
  'a copy that looks for existing rows': q(
    `INSERT INTO archive (id, status) SELECT l.id, l.status FROM leads l WHERE NOT EXISTS (SELECT 1 FROM archive a WHERE a.id = l.id)`,
  ),
  'a copy into a new table': q(
    `CREATE TABLE profiles (lead_id int, email text, PRIMARY KEY (lead_id))`,
    `INSERT INTO profiles (lead_id, email) SELECT id, email FROM leads`,
    `ALTER TABLE profiles ADD CONSTRAINT f FOREIGN KEY (lead_id) REFERENCES leads (id)`,
    `ALTER TABLE leads DROP COLUMN email`,
  ),
  'a copy into a table with a composite key': q(
    `CREATE TABLE roles (lead_id int, role text, UNIQUE (lead_id, role))`,
    `INSERT INTO roles (lead_id, role) SELECT id, 'admin' FROM leads WHERE deleted`,
  ),
  'a column that only an empty table accepts': q(
    `TRUNCATE calls`,
    `ALTER TABLE calls ADD COLUMN key text NOT NULL`,
  ),
  'a function that is replaced afterwards': q(
    `CREATE FUNCTION label(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'old ' || $1 $$`,
    `UPDATE leads SET status = label(name) WHERE name IS NOT NULL`,
    `CREATE OR REPLACE FUNCTION label(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'new ' || $1 $$`,
  ),
  'a nearer function that is created afterwards': q(
    `ALTER TABLE leads ADD COLUMN code varchar(20)`,
    `CREATE FUNCTION label(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'text ' || $1 $$`,
    `UPDATE leads SET status = label(coalesce(code, 'x'::varchar))`,
    `CREATE FUNCTION label(t varchar) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'varchar ' || $1 $$`,
  ),
  'a function that moves into another schema afterwards': q(
    `CREATE SCHEMA crm`,
    `CREATE FUNCTION label(t text) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'old ' || $1 $$`,
    `UPDATE leads SET status = label(name) WHERE name IS NOT NULL`,
    `ALTER FUNCTION label(text) SET SCHEMA crm`,
  ),
  'a view that is replaced afterwards': q(
    `CREATE VIEW eu AS SELECT id, region FROM owners`,
    `UPDATE leads SET status = e.region FROM eu e WHERE e.id = leads.owner_id`,
    `CREATE OR REPLACE VIEW eu AS SELECT id, upper(region) AS region FROM owners`,
  ),
  'a trigger function that is replaced afterwards': q(
    `CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.email := 'one'; RETURN NEW; END $$`,
    `CREATE TRIGGER stamped BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION stamp()`,
    `UPDATE leads SET status = 'x' WHERE deleted`,
    `CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.email := 'two'; RETURN NEW; END $$`,
  ),
  'a DO block that looks at the changed rows': q(
    `UPDATE leads SET status = 'x' WHERE deleted`,
    `DO $$ BEGIN IF (SELECT count(*) FROM leads WHERE status = 'x') > 3 THEN ALTER TABLE leads ADD COLUMN many int; END IF; END $$`,
  ),
  'a sequence that restarts afterwards': q(
    `CREATE SEQUENCE s1`,
    `UPDATE leads SET score = nextval('s1') WHERE score IS NULL`,
    `ALTER SEQUENCE s1 RESTART WITH 500`,
  ),
  'a setting that only bounds waiting': q(
    `SET LOCAL lock_timeout = '5s'`,
    `UPDATE leads SET status = 'x' WHERE deleted`,
  ),
  'a setting that is set back before': q(
    `SET LOCAL TIME ZONE 'Asia/Tokyo'`,
    `RESET TIME ZONE`,
    `UPDATE leads SET status = to_char(created, 'YYYY-MM-DD HH24')`,
  ),
  'an index that is made again': q(
    `CREATE INDEX by_lead ON calls (lead_id)`,
    `DELETE FROM calls WHERE lead_id IS NULL OR direction IS NULL`,
    `DROP INDEX by_lead`,
    `CREATE INDEX by_lead ON calls (lead_id, at)`,
  ),
};
