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

const q = (...statements: readonly string[]): string =>
  statements.map((sql) => `    await queryRunner.query(\`${sql.replace(/\\/g, '\\\\')}\`);`).join('\n');

/** Bodies of `up` by their description: `extract` moves every data change in them. */
export const MOVED: Readonly<Record<string, string>> = {
  'a constant': q(`UPDATE leads SET status = 'x'`),
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
  'an index that is made again': q(
    `CREATE INDEX by_lead ON calls (lead_id)`,
    `DELETE FROM calls WHERE lead_id IS NULL OR direction IS NULL`,
    `DROP INDEX by_lead`,
    `CREATE INDEX by_lead ON calls (lead_id, at)`,
  ),
};

/** Bodies of `up` that stay as they are, and a part of the reason. */
export const REFUSED: Readonly<Record<string, readonly [up: string, reason: string]>> = {
  'a value that a repeated batch changes again': [
    q(`UPDATE leads SET score = score * 10`),
    'would change it again',
  ],
  'swapped columns': [q(`UPDATE leads SET name = email, email = name`), 'would change it again'],
  'a random value without an end': [
    q(`UPDATE leads SET score = (random() * 0)::int WHERE id > 3`),
    'differs from call to call',
  ],
  'a value from rows that it changes too': [
    q(`UPDATE leads SET score = (SELECT max(l.score) FROM leads l)`),
    'of other rows of leads',
  ],
  'a DELETE that counts its own table': [
    q(`DELETE FROM calls WHERE lead_id IN (SELECT lead_id FROM calls GROUP BY lead_id HAVING count(*) > 2)`),
    'later batches',
  ],
  'a DELETE of leaves': [
    q(`DELETE FROM calls c WHERE NOT EXISTS (SELECT 1 FROM calls x WHERE x.lead_id = c.id)`),
    'later batches',
  ],
  'a copy without a key': [
    q(
      `CREATE TABLE notes (id bigserial PRIMARY KEY, body text)`,
      `INSERT INTO notes (body) SELECT name FROM leads`,
    ),
    'no key of notes',
  ],
  DISTINCT: [
    q(`INSERT INTO tags (name) SELECT DISTINCT status FROM leads WHERE status IS NOT NULL`),
    'DISTINCT',
  ],
  'GROUP BY': [
    q(
      `INSERT INTO tags (name, uses) SELECT status, count(*) FROM leads WHERE status IS NOT NULL GROUP BY status`,
    ),
    'GROUP BY',
  ],
  'an aggregate': [
    q(`INSERT INTO tags (name, uses) SELECT 'all', count(*) FROM leads`),
    'one value of several rows',
  ],
  'a set-returning function': [
    q(
      `INSERT INTO archive (id, note) SELECT id * 100, unnest(tags) FROM leads WHERE id < 4 ON CONFLICT (id) DO NOTHING`,
    ),
    'several rows of one',
  ],
  LIMIT: [q(`INSERT INTO archive (id) SELECT id FROM leads WHERE id > 9 LIMIT 3`), 'LIMIT'],
  UNION: [
    q(`INSERT INTO tags (name) SELECT name FROM owners WHERE id = 1 UNION SELECT 'x' FROM leads`),
    'UNION',
  ],
  'ON CONFLICT DO UPDATE': [
    q(
      `INSERT INTO archive (id, status) SELECT id, status FROM leads ON CONFLICT (id) DO UPDATE SET status = excluded.status`,
    ),
    'DO UPDATE',
  ],
  constants: [q(`INSERT INTO tags (name) VALUES ('x')`), 'no table has'],
  MERGE: [
    q(`MERGE INTO archive a USING leads l ON l.id = a.id WHEN MATCHED THEN UPDATE SET note = l.name`),
    'MERGE',
  ],
  'CREATE TABLE AS': [q(`CREATE TABLE backup AS SELECT * FROM leads`), 'CREATE TABLE AS'],
  'a CTE that changes rows': [
    q(
      `WITH d AS (DELETE FROM calls WHERE seconds < 5 RETURNING lead_id) UPDATE leads SET status = 'x' FROM d WHERE d.lead_id = leads.id`,
    ),
    'one of its CTEs also changes rows',
  ],
  'a condition of the code': [
    `    if ((await queryRunner.query('SELECT 1')).length > 0) {\n${q(`UPDATE leads SET status = 'x'`)}\n    }`,
    'under a condition',
  ],
  'an early return': [
    `    if ((await queryRunner.query('SELECT 1')).length > 5) return;\n${q(`UPDATE leads SET status = 'x'`)}`,
    'can return',
  ],
  'a parameter that is computed': [
    `    await queryRunner.query('UPDATE leads SET status = $1', [new Date(0).toISOString()]);`,
    'parameter',
  ],
  'a result that is used': [
    `    const rows = await queryRunner.query("UPDATE leads SET status = 'x' RETURNING id");\n    if (rows.length < 0) throw new Error();`,
    'uses its result',
  ],
  'a change that later rows overwrite': [
    q(`UPDATE leads SET deleted = false`, `UPDATE leads SET deleted = true WHERE score > 3`),
    'start again',
  ],
  'a change before one that must stay': [
    q(
      `UPDATE leads SET score = 1 WHERE score IS NULL`,
      `INSERT INTO tags (name, uses) SELECT 'sum', sum(score) FROM leads`,
    ),
    'must run after this statement',
  ],
  'whole rows': [q(`UPDATE leads SET meta = to_jsonb(leads) WHERE meta IS NULL`), 'whole row'],
};
