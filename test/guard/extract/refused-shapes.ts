import { q } from './shapes.ts';

/** Bodies of `up` that stay as they are, and a part of the reason. */
export const REFUSED: Readonly<Record<string, readonly [up: string, reason: string]>> = {
  'a value that a repeated batch changes again': [
    q(`UPDATE leads SET score = score * 10`),
    'would change it again',
  ],
  'a new primary key': [q(`UPDATE leads SET id = 100 WHERE id = 7`), 'a column of the primary key'],
  'a copy of each row for each row of another table': [
    q(
      `INSERT INTO tags (name, uses) SELECT o.name || c.direction, 1 FROM owners o CROSS JOIN calls c WHERE o.id IN (1, 5) AND c.id IN (1, 3)`,
    ),
    'no equality names a column of',
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
  'a search path of the migration': [
    q(
      `CREATE SCHEMA crm`,
      `CREATE TABLE crm.leads (id int PRIMARY KEY, status text)`,
      `SET LOCAL search_path TO crm`,
      `UPDATE leads SET status = 'x'`,
      `SET LOCAL search_path TO public`,
    ),
    'sets search_path',
  ],
  'a search path that set_config sets': [
    q(
      `CREATE SCHEMA crm`,
      `CREATE TABLE crm.leads (id int PRIMARY KEY, status text)`,
      `SELECT set_config('search_path', 'crm', true)`,
      `UPDATE leads SET status = 'x'`,
      `SELECT set_config('search_path', 'public', true)`,
    ),
    'sets search_path',
  ],
  'a search path that a DO block sets': [
    q(
      `CREATE SCHEMA crm`,
      `CREATE TABLE crm.leads (id int PRIMARY KEY, status text)`,
      `DO $$ BEGIN SET LOCAL search_path TO crm; END $$`,
      `UPDATE leads SET status = 'x'`,
      `SET LOCAL search_path TO public`,
    ),
    'changes a setting of its session',
  ],
  'a search path of a computed text': [
    `    const schema = ['p', 'ublic'].join('');\n    await queryRunner.query(\`SET LOCAL search_path TO \${schema}\`);\n${q(`UPDATE leads SET status = 'x'`)}`,
    'sets search_path, which a backfill does not have',
  ],
  'a time zone of the migration': [
    q(
      `SET LOCAL TIME ZONE 'Asia/Tokyo'`,
      `UPDATE leads SET status = to_char(created, 'YYYY-MM-DD HH24')`,
      `SET LOCAL TIME ZONE 'UTC'`,
    ),
    'sets timezone',
  ],
  'a session that fires no triggers': [
    q(
      `CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.email := 'fired'; RETURN NEW; END $$`,
      `CREATE TRIGGER stamped BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION stamp()`,
      `SET LOCAL session_replication_role = replica`,
      `UPDATE leads SET status = 'x' WHERE deleted`,
      `SET LOCAL session_replication_role = origin`,
    ),
    'sets session_replication_role',
  ],
  'triggers that are off for the statement': [
    q(
      `CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.email := 'fired'; RETURN NEW; END $$`,
      `CREATE TRIGGER stamped BEFORE UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION stamp()`,
      `ALTER TABLE leads DISABLE TRIGGER USER`,
      `UPDATE leads SET status = 'x' WHERE deleted`,
      `ALTER TABLE leads ENABLE TRIGGER USER`,
    ),
    'switches triggers or rules of leads off',
  ],
  'a change of the schema behind it with a search path of its own': [
    q(
      `CREATE SCHEMA crm`,
      `CREATE TABLE crm.leads (id int PRIMARY KEY, email text)`,
      `UPDATE leads SET status = 'x'`,
      `SET LOCAL search_path TO crm`,
      `ALTER TABLE leads DROP COLUMN email`,
      `SET LOCAL search_path TO public`,
    ),
    'must run after it, but line 6 sets search_path',
  ],
  'a temporary table': [
    q(
      `CREATE TEMP TABLE map (id int, label text) ON COMMIT DROP`,
      `INSERT INTO map VALUES (1, 'one'), (2, 'two')`,
      `UPDATE leads SET status = m.label FROM map m WHERE m.id = leads.id`,
    ),
    'temporary table map',
  ],
  'a change of the schema that the same code sends': [
    `    await Promise.all([queryRunner.query("UPDATE leads SET status = 'x' WHERE status IS NULL"), queryRunner.query('ALTER TABLE tags ADD COLUMN z int')]);`,
    'also changes the schema',
  ],
  'whole rows': [q(`UPDATE leads SET meta = to_jsonb(leads) WHERE meta IS NULL`), 'whole row'],
};
