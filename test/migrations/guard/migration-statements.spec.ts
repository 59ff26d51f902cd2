import { DataInMigrationError } from '../../../libs/backfill/src/migrations/migration.error.ts';
import { TestDatabase } from '../../support/database.ts';
import { migration, postgresDataSource, rejection, QueryRecorder } from '../../support/migrations.ts';
import type { DataSource } from 'typeorm';

const SCHEMA = `
  CREATE SCHEMA app;
  CREATE TABLE leads (id int PRIMARY KEY, tenant int, name text, note text, "update" text, at timestamptz DEFAULT now());
  CREATE TABLE calls (id int PRIMARY KEY, lead_id int REFERENCES leads, direction text);
  CREATE TABLE app.archive (LIKE leads);
  CREATE VIEW open_leads AS SELECT * FROM leads WHERE note IS NULL;
  CREATE MATERIALIZED VIEW lead_counts AS SELECT tenant, count(*) FROM leads GROUP BY tenant WITH DATA;
  CREATE TYPE stage AS ENUM ('new', 'won');
  CREATE SEQUENCE numbers;
  CREATE FUNCTION app.fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE leads SET note = 'x'; END $$;
  CREATE FUNCTION app.outer_fill() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM app.fill(); END $$;
  CREATE FUNCTION app.fill_sql() RETURNS void LANGUAGE sql AS $$ DELETE FROM leads $$;
  CREATE FUNCTION app.harmless(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN $1 + 1; END $$;
  CREATE PROCEDURE app.purge() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM leads; END $$;
  CREATE FUNCTION app.sly() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'UPD' || 'ATE leads SET note = ''x'''; END $$;
  INSERT INTO app.archive (id, tenant) VALUES (1, 1);
  INSERT INTO leads SELECT n, n % 3, 'lead ' || n FROM generate_series(1, 20) n;
`;

/** [statement, why it is refused: the rule] */
const REFUSED: readonly (readonly [sql: string, rule: string, reason: string])[] = [
  [`UPDATE leads SET note = 'x'`, 'update', 'every row'],
  [`update leads set note = 'x' where id = 1`, 'update', 'one row is data as well'],
  [`UPDATE leads SET note = 'x' WHERE note IS NULL`, 'update', 'the classic hidden backfill'],
  [
    `UPDATE ONLY public.leads AS l SET note = c.direction FROM calls c WHERE c.lead_id = l.id`,
    'update',
    'a join',
  ],
  [`UPDATE open_leads SET note = 'x'`, 'update', 'through a view'],
  [`/* UPDATE is hidden */ UPDATE leads SET note = 'x'`, 'update', 'behind a comment'],
  [`-- note\nUPDATE leads SET note = 'x'`, 'update', 'behind a line comment'],
  [`  \n\tUPDATE leads SET note = 'x';;`, 'update', 'behind whitespace'],
  [`UPDATE leads SET note = ';' WHERE id = 1`, 'update', 'a semicolon in a literal'],
  [`ALTER TABLE leads ADD extra int; UPDATE leads SET extra = 1`, 'update', 'the second of two statements'],
  [`SELECT 1; SELECT 2; DELETE FROM leads; SELECT 3`, 'delete', 'the third of four'],
  [`UPDATE leads SET name = name || $$;DROP$$ WHERE id = 1`, 'update', 'dollar quotes'],
  [`UPDATE leads SET (name, note) = ('a', 'b')`, 'update', 'several columns at once'],
  [`UPDATE leads SET note = 'x' RETURNING id`, 'update', 'that looks like a read to a driver'],
  [`UPDATE pg_catalog.pg_class SET reltuples = 1 WHERE relname = 'leads'`, 'update', 'even the catalogue'],
  [`INSERT INTO leads (id) VALUES (100)`, 'insert', 'a row'],
  [`INSERT INTO leads (id) VALUES (100), (101) ON CONFLICT DO NOTHING`, 'insert', 'rows, politely'],
  [`INSERT INTO leads (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET note = 'x'`, 'insert', 'an upsert'],
  [`INSERT INTO leads DEFAULT VALUES`, 'insert', 'no values'],
  [
    `INSERT INTO leads (id) SELECT 100 WHERE NOT EXISTS (SELECT FROM leads WHERE id = 100)`,
    'insert',
    'a seed',
  ],
  [`INSERT INTO app.archive SELECT * FROM leads`, 'insert-select', 'a copy'],
  [`INSERT INTO app.archive TABLE leads`, 'insert-select', 'a copy in short'],
  [`INSERT INTO app.archive SELECT * FROM leads UNION ALL SELECT * FROM leads`, 'insert-select', 'a union'],
  [`INSERT INTO app.archive (id) SELECT n FROM generate_series(1, 1000) n`, 'insert-select', 'made-up rows'],
  [`WITH x AS (SELECT * FROM leads) INSERT INTO app.archive SELECT * FROM x`, 'insert-select', 'with a CTE'],
  [`DELETE FROM leads`, 'delete', 'every row'],
  [`DELETE FROM leads WHERE id = 1`, 'delete', 'one row'],
  [`DELETE FROM leads USING calls WHERE calls.lead_id = leads.id`, 'delete', 'a join'],
  [`DELETE FROM ONLY public."leads"`, 'delete', 'quoted'],
  [
    `WITH gone AS (DELETE FROM leads RETURNING *) SELECT count(*) FROM gone`,
    'delete',
    'in a CTE of a SELECT',
  ],
  [
    `WITH gone AS (DELETE FROM leads RETURNING *) INSERT INTO app.archive SELECT * FROM gone`,
    'insert-select',
    'a move',
  ],
  [`WITH u AS (UPDATE leads SET note = 'x' RETURNING id) SELECT * FROM u`, 'update', 'in a CTE'],
  [
    `WITH a AS (SELECT 1), u AS (INSERT INTO leads (id) VALUES (7) RETURNING id) SELECT 1`,
    'insert',
    'in the second CTE',
  ],
  [
    `CREATE TABLE t2 AS WITH d AS (DELETE FROM leads RETURNING *) SELECT * FROM d`,
    'create-table-as',
    'a table made of deleted rows',
  ],
  [
    `MERGE INTO leads l USING calls c ON c.lead_id = l.id WHEN MATCHED THEN UPDATE SET note = 'x'`,
    'merge',
    'MERGE',
  ],
  [
    `MERGE INTO leads l USING calls c ON c.lead_id = l.id WHEN NOT MATCHED THEN INSERT (id) VALUES (c.id)`,
    'merge',
    'MERGE that inserts',
  ],
  [
    `MERGE INTO leads l USING calls c ON c.lead_id = l.id WHEN MATCHED THEN DELETE`,
    'merge',
    'MERGE that deletes',
  ],
  [`COPY leads FROM '/tmp/leads.csv'`, 'copy', 'a file of rows'],
  [`COPY leads (id, name) FROM STDIN`, 'copy', 'rows from the client'],
  [`COPY leads FROM PROGRAM 'cat'`, 'copy', 'rows from a program'],
  [`COPY (DELETE FROM leads RETURNING *) TO STDOUT`, 'delete', 'a COPY that deletes'],
  [`TRUNCATE leads CASCADE`, 'truncate', 'every row at once'],
  [`TRUNCATE TABLE ONLY calls RESTART IDENTITY`, 'truncate', 'with words'],
  [`TRUNCATE calls, app.archive`, 'truncate', 'several'],
  [`CREATE TABLE copied AS SELECT * FROM leads`, 'create-table-as', 'reads and writes a whole table'],
  [`CREATE TABLE copied AS TABLE leads`, 'create-table-as', 'in short'],
  [`CREATE TEMP TABLE copied AS SELECT * FROM leads`, 'create-table-as', 'scans, whatever becomes of it'],
  [`CREATE TABLE copied AS SELECT * FROM leads WITH DATA`, 'create-table-as', 'said twice'],
  [`CREATE UNLOGGED TABLE copied AS VALUES (1), (2)`, 'create-table-as', 'constants'],
  [`SELECT * INTO copied FROM leads`, 'select-into', 'the older form'],
  [`SELECT 1 AS a INTO TEMP copied`, 'select-into', 'a temporary one'],
  [`EXPLAIN ANALYZE UPDATE leads SET note = 'x'`, 'update', 'EXPLAIN ANALYZE runs it'],
  [`EXPLAIN (ANALYZE, BUFFERS) DELETE FROM leads`, 'delete', 'with options'],
  [`PREPARE p AS UPDATE leads SET note = $1`, 'update', 'for later'],
  [`DO $$ BEGIN UPDATE leads SET note = 'x'; END $$`, 'do-block-dml', 'in a DO block'],
  [`DO 'BEGIN DELETE FROM leads; END'`, 'do-block-dml', 'in quotes'],
  [
    `DO LANGUAGE plpgsql $body$ BEGIN INSERT INTO leads (id) VALUES (9); END $body$`,
    'do-block-dml',
    'with its language',
  ],
  [
    `DO $$ BEGIN IF EXISTS (SELECT FROM leads) THEN UPDATE leads SET note = 'x'; END IF; END $$`,
    'do-block-dml',
    'under IF',
  ],
  [`DO $$ BEGIN IF false THEN NULL; ELSE DELETE FROM leads; END IF; END $$`, 'do-block-dml', 'under ELSE'],
  [`DO $$ BEGIN CASE 1 WHEN 1 THEN DELETE FROM leads; END CASE; END $$`, 'do-block-dml', 'under CASE'],
  [
    `DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM leads LOOP UPDATE leads SET note = r.name WHERE id = r.id; END LOOP; END $$`,
    'do-block-dml',
    'row by row',
  ],
  [
    `DO $$ DECLARE r record; BEGIN FOR r IN UPDATE leads SET note = 'x' RETURNING id LOOP NULL; END LOOP; END $$`,
    'do-block-dml',
    'in the head of a loop',
  ],
  [
    `DO $$ BEGIN PERFORM 1; EXCEPTION WHEN OTHERS THEN DELETE FROM leads; END $$`,
    'do-block-dml',
    'in a handler',
  ],
  [
    `DO $$ DECLARE n int; BEGIN WITH d AS (DELETE FROM leads RETURNING 1) SELECT count(*) INTO n FROM d; END $$`,
    'do-block-dml',
    'a CTE within',
  ],
  [`DO $$ BEGIN EXECUTE 'UPDATE leads SET note = ''x'''; END $$`, 'do-block-dml', 'EXECUTE of a constant'],
  [`DO $$ BEGIN EXECUTE 'DELETE ' || 'FROM leads'; END $$`, 'do-block-dml', 'of a sum of constants'],
  [
    `DO $$ BEGIN EXECUTE format('UPDATE %I SET note = %L', 'leads', 'x'); END $$`,
    'do-block-dml',
    'of format()',
  ],
  [`DO $$ DECLARE q text := 'TRUNCATE leads'; BEGIN EXECUTE q; END $$`, 'do-block-dml', 'of a variable'],
  [
    `DO $$ DECLARE q text; BEGIN q := 'DELETE FROM leads'; EXECUTE q; END $$`,
    'do-block-dml',
    'of an assigned variable',
  ],
  [`DO $$ BEGIN EXECUTE 'DO $x$ BEGIN DELETE FROM leads; END $x$'; END $$`, 'do-block-dml', 'of another DO'],
  [`DO $$ BEGIN PERFORM app.fill(); END $$`, 'do-block-dml', 'PERFORM of a function that is there'],
  [`DO $$ BEGIN CALL app.purge(); END $$`, 'do-block-dml', 'CALL within'],
  [`DO $$ DECLARE n int := (SELECT 1 FROM app.fill()); BEGIN END $$`, 'do-block-dml', 'in a declaration'],
  [`SELECT app.fill()`, 'function-call-dml', 'a function that is there'],
  [`SELECT app.outer_fill()`, 'function-call-dml', 'a function that calls it'],
  [`SELECT * FROM app.fill_sql()`, 'function-call-dml', 'in FROM, in SQL'],
  [`SELECT CASE WHEN true THEN app.fill() END`, 'function-call-dml', 'in an expression'],
  [`CALL app.purge()`, 'function-call-dml', 'a procedure'],
  [
    `CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM leads'; SELECT f()`,
    'function-call-dml',
    'made and called in one string',
  ],
  [
    `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN UPDATE leads SET note = 'x'; END $$; SELECT f(); DROP FUNCTION f()`,
    'function-call-dml',
    'and dropped',
  ],
  [
    `CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM leads; SELECT 1; END; SELECT f()`,
    'function-call-dml',
    'BEGIN ATOMIC',
  ],
  [
    `CREATE PROCEDURE p() LANGUAGE sql AS 'DELETE FROM leads'; CALL p()`,
    'function-call-dml',
    'a procedure made and called',
  ],
  [
    `ALTER TABLE leads ADD COLUMN filled text DEFAULT app.fill()::text`,
    'function-call-dml',
    'a default that writes',
  ],
  [`SELECT lo_unlink(1)`, 'large-object', 'large objects'],
  [`SELECT lo_from_bytea(0, 'x')`, 'large-object', 'large objects'],
  [`SELECT dblink_exec('host=x', 'DELETE FROM leads')`, 'remote-sql', 'another connection'],
  [`COPY leads TO PROGRAM 'psql'`, 'remote-sql', 'a program'],
  [`SET track_counts = off`, 'blinding', 'no counters, no witness'],
  [`SELECT set_config('track_counts', 'off', true)`, 'blinding', 'by function'],
  [`SET standard_conforming_strings = off`, 'blinding', 'literals would be read otherwise'],
  [`DO LANGUAGE plpython3u $$ plpy.execute('DELETE FROM leads') $$`, 'foreign-language', 'cannot be read'],
  [`DO $$ BEGIN not even sql; END $$`, 'unparsed-body', 'cannot be read'],
  [`ALTER TABLE leads ADD COLUM x int`, 'unreadable', 'a typing error'],
  [`SELECT 'unterminated`, 'unreadable', 'a typing error'],
  [`EXECUTE prepared_elsewhere`, 'unknown-prepared', 'unknown'],
];

/** [statement, why it passes] */
const ALLOWED: readonly (readonly [sql: string, reason: string])[] = [
  [`CREATE TABLE fresh (id int PRIMARY KEY)`, 'a table'],
  [
    `CREATE TABLE fresh (id int DEFAULT nextval('numbers'), note text DEFAULT 'UPDATE leads SET x = 1')`,
    'words in a default',
  ],
  [`CREATE TABLE fresh (LIKE leads INCLUDING ALL)`, 'the shape alone'],
  [`CREATE TABLE fresh AS SELECT * FROM leads WITH NO DATA`, 'the shape alone'],
  [
    `CREATE TABLE fresh (id int) PARTITION BY RANGE (id); CREATE TABLE fresh_1 PARTITION OF fresh FOR VALUES FROM (1) TO (2)`,
    'partitions',
  ],
  [`DROP TABLE calls`, 'dropping is schema'],
  [`ALTER TABLE leads ADD COLUMN stage text`, 'a column'],
  [`ALTER TABLE leads ADD COLUMN stage text NOT NULL DEFAULT 'new'`, 'with a default'],
  [
    `ALTER TABLE leads ADD COLUMN made timestamptz NOT NULL DEFAULT clock_timestamp()`,
    'with a default that rewrites the table',
  ],
  [`ALTER TABLE leads ADD COLUMN plus int DEFAULT app.harmless(1)`, 'with a function that reads nothing'],
  [`ALTER TABLE leads ADD COLUMN total int GENERATED ALWAYS AS (id * 2) STORED`, 'a generated column'],
  [`ALTER TABLE app.archive ALTER tenant TYPE bigint USING tenant::bigint`, 'ALTER TYPE USING'],
  [`ALTER TABLE leads ALTER note SET DEFAULT 'x', ALTER name DROP DEFAULT`, 'defaults'],
  [`ALTER TABLE leads ALTER name SET NOT NULL`, 'NOT NULL'],
  [`ALTER TABLE leads RENAME COLUMN note TO remark`, 'a name'],
  [`ALTER TABLE leads RENAME COLUMN "update" TO "delete"`, 'a column named "update"'],
  [`SELECT "update" FROM leads`, 'a column named "update"'],
  [
    `ALTER TABLE calls ADD CONSTRAINT fk FOREIGN KEY (lead_id) REFERENCES leads ON DELETE CASCADE ON UPDATE SET NULL NOT VALID`,
    'ON DELETE CASCADE',
  ],
  [`ALTER TABLE calls VALIDATE CONSTRAINT calls_lead_id_fkey`, 'VALIDATE'],
  [`ALTER TABLE leads ADD CONSTRAINT named CHECK (name <> 'DELETE FROM leads')`, 'words in a check'],
  [`ALTER TABLE leads SET (fillfactor = 70)`, 'storage'],
  [`ALTER TABLE app.archive SET UNLOGGED`, 'a rewrite that keeps the rows'],
  [
    `ALTER TABLE leads ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON leads FOR UPDATE USING (tenant = 1)`,
    'FOR UPDATE of a policy',
  ],
  [`CREATE INDEX leads_note ON leads (note) WHERE note IS NULL`, 'an index'],
  [`CREATE UNIQUE INDEX ON leads (lower(name))`, 'on an expression'],
  [`DROP INDEX IF EXISTS nothing`, 'an index'],
  [`REINDEX TABLE leads`, 'maintenance'],
  [`CLUSTER leads USING leads_pkey`, 'maintenance'],
  [`ANALYZE leads`, 'statistics'],
  [`CREATE VIEW v AS SELECT 'INSERT INTO leads' AS sql FROM leads`, 'a view'],
  [`CREATE OR REPLACE VIEW open_leads AS SELECT * FROM leads`, 'a view'],
  [`CREATE MATERIALIZED VIEW mv AS SELECT * FROM leads`, 'derived rows'],
  [`REFRESH MATERIALIZED VIEW lead_counts`, 'derived rows'],
  [
    `CREATE RULE r AS ON DELETE TO open_leads DO INSTEAD UPDATE leads SET note = 'x'`,
    'a rule is a definition',
  ],
  [
    `CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE leads SET note = 'x'; RETURN NEW; END $$; CREATE TRIGGER t AFTER INSERT OR UPDATE ON leads FOR EACH ROW EXECUTE FUNCTION f()`,
    'a trigger is a definition',
  ],
  [`CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM leads'`, 'a function that is not called'],
  [
    `CREATE FUNCTION f() RETURNS int BEGIN ATOMIC DELETE FROM leads; SELECT 1; END`,
    'a function that is not called',
  ],
  [
    `CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM leads; COMMIT; END $$`,
    'a procedure that is not called',
  ],
  [`CREATE TYPE mood AS ENUM ('insert', 'delete')`, 'a type'],
  [`ALTER TYPE stage RENAME VALUE 'new' TO 'update'`, 'a type'],
  [`CREATE DOMAIN positive AS int CHECK (VALUE > 0)`, 'a domain'],
  [
    `CREATE SEQUENCE s; ALTER SEQUENCE s OWNED BY leads.id; SELECT setval('s', 10), nextval('s')`,
    'sequences are not rows',
  ],
  [`CREATE SCHEMA more CREATE TABLE inner_one (id int)`, 'a schema'],
  [`COMMENT ON TABLE leads IS 'UPDATE leads SET note = 1; DELETE FROM leads'`, 'words in a comment'],
  [`GRANT INSERT, UPDATE, DELETE ON leads TO CURRENT_USER`, 'rights'],
  [`REVOKE TRUNCATE ON leads FROM PUBLIC`, 'rights'],
  [`SELECT * FROM leads WHERE note = 'DELETE FROM leads'`, 'words in a literal'],
  [`SELECT * FROM leads FOR UPDATE`, 'locks rows, changes none'],
  [`SELECT 1 -- ; DELETE FROM leads`, 'words in a comment'],
  [`SELECT /* ; DELETE FROM leads; */ 1`, 'words in a comment'],
  [`SELECT $$; DELETE FROM leads; $$`, 'words in dollar quotes'],
  [`SELECT E'\\'; DELETE FROM leads; --'`, 'words behind an escaped quote'],
  [`WITH x AS (SELECT 1) SELECT * FROM x`, 'a CTE that reads'],
  [`TABLE leads`, 'a read'],
  [`VALUES (1), (2)`, 'a read'],
  [`EXPLAIN UPDATE leads SET note = 'x'`, 'EXPLAIN alone does not run it'],
  [`SHOW lock_timeout`, 'a read'],
  [`SELECT app.harmless(1)`, 'a function that writes nothing'],
  [
    `SELECT count(*), max(id), lower(name), now(), gen_random_uuid() FROM leads GROUP BY name`,
    'PostgreSQL’s own functions',
  ],
  [`SET LOCAL statement_timeout = '10s'`, 'a setting'],
  [`SET standard_conforming_strings = on`, 'as pg_dump writes it'],
  [`SELECT pg_catalog.set_config('search_path', 'public', true)`, 'as pg_dump writes it'],
  [`LOCK TABLE leads IN SHARE MODE`, 'a lock'],
  [`SAVEPOINT s; RELEASE s`, 'part of a transaction'],
  [
    `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_type WHERE typname = 'mood') THEN CREATE TYPE mood AS ENUM ('a'); END IF; END $$`,
    'DDL in a DO block',
  ],
  [`DO $$ BEGIN RAISE NOTICE 'UPDATE leads SET note = 1'; END $$`, 'words in a message'],
  [
    `DO $$ DECLARE n int; BEGIN SELECT count(*) INTO n FROM leads; IF n < 0 THEN RAISE EXCEPTION 'no'; END IF; END $$`,
    'SELECT INTO a variable',
  ],
  [`DO $$ BEGIN EXECUTE 'ALTER TABLE leads ADD COLUMN dyn int'; END $$`, 'EXECUTE of DDL'],
  [
    `DO $$ DECLARE r record; BEGIN FOR r IN SELECT 'leads' AS t LOOP EXECUTE format('ALTER TABLE %I ADD COLUMN dyn int', r.t); END LOOP; END $$`,
    'EXECUTE of DDL by name',
  ],
  [
    `DO $$ DECLARE r record; BEGIN FOR r IN SELECT 'ALTER TABLE leads ADD dyn int' AS q LOOP EXECUTE r.q; END LOOP; END $$`,
    'unreadable, and the counters show that it wrote nothing',
  ],
  [`PREPARE p AS SELECT 1; EXECUTE p; DEALLOCATE p`, 'a prepared read'],
  [`CREATE EXTENSION IF NOT EXISTS plpgsql`, 'an extension'],
  [`COPY leads TO STDOUT`, 'a read'],
  [``, 'nothing'],
  [`-- nothing but a comment`, 'nothing'],
];

/** What went to the server. */
const sent: string[] = [];
let database: TestDatabase;
let dataSource: DataSource;
beforeAll(async () => {
  database = await TestDatabase.create();
  await database.query(SCHEMA);
  dataSource = await postgresDataSource(database, [], {
    logging: ['query'],
    logger: new QueryRecorder(sent),
  }).initialize();
});
afterAll(async () => {
  await dataSource.destroy();
  await database.drop();
});

/** In a transaction that is rolled back, so that each statement finds the same tables. */
async function run(sql: string): Promise<void> {
  sent.length = 0;
  const queryRunner = dataSource.createQueryRunner();
  const Migration = migration('Case', { up: sql });
  await queryRunner.startTransaction();
  try {
    await new Migration().up(queryRunner);
  } finally {
    await queryRunner.rollbackTransaction();
    await queryRunner.release();
  }
}

it('the table of statements is a long one', () => {
  expect(REFUSED.length + ALLOWED.length).toBeGreaterThanOrEqual(120);
});

it.each(REFUSED)('refuses %s (%s: %s)', async (sql, rule) => {
  const error = await rejection(run(sql));
  expect(error).toBeInstanceOf(DataInMigrationError);
  expect((error as Error).message).toContain(`rule: ${rule}`);
  expect(sent).not.toContain(sql);
});

it.each(ALLOWED)('lets pass %s (%s)', async (sql) => {
  await expect(run(sql)).resolves.toBeUndefined();
  if (sql !== '') expect(sent.join(';')).toContain(sql.split(';')[0]);
});
