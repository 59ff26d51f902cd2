import { statementsOf } from '../support/classified.ts';

/** The last statement of a text. */
const last = (sql: string) => statementsOf(sql).at(-1);

/** A line is a command. */
function commands(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

const READS = commands(`
  SELECT 1
  VALUES (1)
  TABLE t
  SHOW work_mem
  EXPLAIN SELECT 1
  COPY t TO STDOUT
  FETCH 1 FROM c
  DECLARE c CURSOR FOR SELECT 1
  PREPARE p AS SELECT 1
  DO $$ BEGIN NULL; END $$
`);

const SESSION = commands(`
  SET work_mem = '1MB'
  RESET work_mem
  DISCARD ALL
  DEALLOCATE p
  LISTEN l
  UNLISTEN l
  NOTIFY l
  LOCK TABLE t
  SET CONSTRAINTS ALL DEFERRED
  LOAD 'x'
  CLOSE c
  CHECKPOINT
  BEGIN
  ALTER SYSTEM SET work_mem = '1MB'
`);

const DATA = commands(`
  INSERT INTO t VALUES (1)
  UPDATE t SET a = 1
  DELETE FROM t
  MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN DELETE
  TRUNCATE t
  COPY t FROM STDIN
`);

const SCHEMA = commands(`
  COMMENT ON TABLE t IS 'x'
  CLUSTER t USING i
  CREATE TYPE p AS (a int)
  CREATE AGGREGATE s (int) (SFUNC = f, STYPE = int)
  DROP TABLE t
  DROP OWNED BY r
  DROP ROLE r
  DROP SUBSCRIPTION s
  DROP TABLESPACE s
  DROP USER MAPPING FOR r SERVER s
  DROP DATABASE d
  GRANT r TO s
  GRANT SELECT ON t TO r
  IMPORT FOREIGN SCHEMA a FROM SERVER s INTO b
  CREATE INDEX i ON t (a)
  REASSIGN OWNED BY r TO s
  REFRESH MATERIALIZED VIEW m
  REINDEX TABLE t
  ALTER TABLE t RENAME TO u
  CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING
  SECURITY LABEL ON TABLE t IS 'x'
  VACUUM t
  ANALYZE t
  CREATE VIEW v AS SELECT 1
  CREATE TABLE t (a int)
  ALTER TABLE t ADD a int
  CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()
  CREATE EXTENSION e
  ALTER TYPE e ADD VALUE 'x'
  CREATE POLICY p ON t
`);

describe('a command', () => {
  it.each(READS)('that reads is a read: %s', (sql) => expect(last(sql)?.effect).toBe('read'));
  it.each(SESSION)('on the session changes no schema: %s', (sql) =>
    expect(last(sql)?.effect).toBe('session'),
  );
  it.each(DATA)('that writes rows changes data: %s', (sql) => {
    expect(last(sql)).toMatchObject({ effect: 'data', findings: [{ table: { name: 't' } }], unknowns: [] });
  });
  it.each(SCHEMA)('that defines something changes the schema: %s', (sql) => {
    expect(last(sql)).toMatchObject({ effect: 'schema', findings: [], unknowns: [] });
  });

  it.each([
    ['EXPLAIN ANALYZE DELETE FROM t', 'data'],
    ['EXPLAIN (ANALYZE 1) DELETE FROM t', 'data'],
    [`EXPLAIN (ANALYZE 'on') DELETE FROM t`, 'data'],
    ['EXPLAIN (ANALYZE false, ANALYZE true) DELETE FROM t', 'data'],
    ['EXPLAIN (ANALYZE true, ANALYZE FALSE) DELETE FROM t', 'read'],
    ['EXPLAIN (ANALYZE off) DELETE FROM t', 'read'],
    ['EXPLAIN (ANALYZE 0) DELETE FROM t', 'read'],
    ['EXPLAIN (VERBOSE) DELETE FROM t', 'read'],
  ])('with EXPLAIN runs only with ANALYZE, by PostgreSQL’s rules for an option: %s', (sql, effect) => {
    expect(last(sql)?.effect).toBe(effect);
  });

  it.each([
    ['DECLARE c CURSOR WITH HOLD FOR SELECT 1', 'a cursor WITH HOLD runs its query at the commit'],
    ['DECLARE c SCROLL CURSOR WITH HOLD FOR SELECT 1', 'a cursor WITH HOLD runs its query at the commit'],
    [`COPY t TO PROGRAM 'x'`, 'COPY … PROGRAM runs a command on the server'],
    [`COPY t FROM PROGRAM 'x'`, 'COPY … PROGRAM runs a command on the server'],
  ])('whose effect no row counter shows is unknown, with the reason: %s', (sql, detail) => {
    expect(last(sql)?.unknowns).toEqual([expect.objectContaining({ kind: 'remote-sql', detail })]);
  });

  it('with a cursor without HOLD runs at each FETCH, within the transaction', () => {
    expect(last('DECLARE c SCROLL CURSOR WITHOUT HOLD FOR SELECT 1')?.unknowns).toEqual([]);
  });
});

describe('a command on the transaction has its name', () => {
  it.each([
    ['BEGIN', 'begin'],
    ['START TRANSACTION', 'begin'],
    ['COMMIT', 'commit'],
    ['END', 'commit'],
    ['ROLLBACK', 'rollback'],
    ['ABORT', 'rollback'],
    ['SAVEPOINT s', 'savepoint'],
    ['RELEASE s', 'release'],
    ['ROLLBACK TO s', 'rollback-to'],
    [`PREPARE TRANSACTION 'p'`, 'prepare'],
    [`COMMIT PREPARED 'p'`, 'commit'],
    [`ROLLBACK PREPARED 'p'`, 'rollback'],
    ['SELECT 1', undefined],
  ])('%s: %s', (sql, name) => expect(last(sql)?.transaction).toBe(name));
});

describe('whether PostgreSQL refuses a command in a transaction is known', () => {
  it.each(
    commands(`
      CREATE DATABASE d
      DROP DATABASE d
      ALTER DATABASE d SET TABLESPACE s
      CREATE TABLESPACE s LOCATION '/d'
      DROP TABLESPACE s
      ALTER SYSTEM SET work_mem = '1MB'
      VACUUM t
      CLUSTER
      CREATE INDEX CONCURRENTLY i ON t (a)
      DROP INDEX CONCURRENTLY i
      REINDEX (CONCURRENTLY) TABLE t
      REINDEX INDEX CONCURRENTLY i
      REINDEX SCHEMA s
      REINDEX DATABASE d
      REINDEX SYSTEM d
      ALTER TABLE t DETACH PARTITION p CONCURRENTLY
    `),
  )('it refuses %s', (sql) => expect(last(sql)?.refusesTransaction).toBe(true));

  it.each(
    commands(`
      ANALYZE t
      CLUSTER t
      CREATE INDEX i ON t (a)
      DROP INDEX i
      REINDEX TABLE t
      REINDEX INDEX i
      REINDEX (CONCURRENTLY off) TABLE t
      ALTER TABLE t DETACH PARTITION p
      ALTER TABLE t ADD a int
      ALTER DATABASE d CONNECTION LIMIT 5
      SET work_mem = '1MB'
    `),
  )('it runs %s', (sql) => expect(last(sql)?.refusesTransaction).toBe(false));
});

describe('the setting that a command changes is known, in lower case', () => {
  const work = [{ name: 'work_mem', value: '1MB' }];
  it.each([
    [`SET Work_Mem = '1MB'`, work],
    [`SET LOCAL work_mem TO '1MB'`, work],
    [`ALTER SYSTEM SET work_mem = '1MB'`, work],
    [`ALTER FUNCTION f() SET work_mem = '1MB'`, work],
    [`CREATE FUNCTION f() RETURNS int LANGUAGE sql SET work_mem = '1MB' AS 'SELECT 1'; SELECT f()`, work],
    ['SET work_mem = 4', [{ name: 'work_mem', value: '4' }]],
    ['SET work_mem TO DEFAULT', [{ name: 'work_mem' }]],
    ['RESET work_mem', [{ name: 'work_mem' }]],
    ['RESET ALL', [{ name: '*' }]],
    ['ALTER SYSTEM RESET ALL', [{ name: '*' }]],
    [`SET TIME ZONE 'UTC'`, [{ name: 'timezone', value: 'UTC' }]],
    [`ALTER ROLE r SET work_mem = '1MB'`, []],
    ['ALTER FUNCTION f() STABLE', []],
    ['SHOW work_mem', []],
  ])('%s', (sql, settings) => expect(last(sql)?.settings).toEqual(settings));
});

describe('the text of a dynamic statement that cannot be read has the likely effect of its first word', () => {
  it.each([
    ['UPDATE', 'data'],
    ['insert into', 'data'],
    ['DELETE FROM', 'data'],
    ['merge into', 'data'],
    ['TRUNCATE', 'data'],
    [' copy ', 'data'],
    ['ALTER TABLE', 'schema'],
    ['create table', 'schema'],
    ['DROP TABLE', 'schema'],
    ['COMMENT ON TABLE', 'schema'],
    ['GRANT', 'schema'],
    ['REVOKE', 'schema'],
    ['REINDEX', 'schema'],
    ['REFRESH', 'schema'],
    ['LISTEN', 'unknown'],
  ])('%s: %s', (verb, likely) => {
    const sql = `DO $$ DECLARE t text; BEGIN SELECT x INTO t FROM u; EXECUTE '${verb} ' || t || ' ((('; END $$`;
    expect(last(sql)?.unknowns).toEqual([expect.objectContaining({ kind: 'dynamic-sql', likely })]);
  });
});
