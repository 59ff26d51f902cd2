import type { DataFinding } from '../../libs/sql/src/classification/statement.types.ts';
import { classifier, findingsOf, statementsOf } from '../support/classified.ts';

function onlyFinding(sql: string): DataFinding {
  const [finding, ...more] = findingsOf(sql);
  expect(more).toEqual([]);
  if (!finding) throw new Error(`nothing found in ${sql}`);
  return finding;
}

function summaries(sql: string): readonly string[] {
  return findingsOf(sql).map(({ rule, operation, table, via }) =>
    [rule, operation, [table?.schema, table?.name].filter(Boolean).join('.'), ...via].join(' | '),
  );
}

describe('classify', () => {
  const sql = `-- first: é\n  SELECT 'a;b' AS "é";\n/* /* nested */ ; */ UPDATE crm.leads SET note = 'é'`;

  it('returns each statement with its position, whatever comments, literals and accents contain', () => {
    const [first, second] = statementsOf(sql);
    expect(first).toMatchObject({
      text: `SELECT 'a;b' AS "é"`,
      position: { line: 2, column: 3 },
      effect: 'read',
    });
    expect(second).toMatchObject({
      text: `UPDATE crm.leads SET note = 'é'`,
      position: { line: 3, column: 22 },
      effect: 'data',
    });
    expect(sql.slice(second?.position.offset, second?.end)).toBe(second?.text);
  });

  it('returns the message and position of the parser when one statement cannot be parsed', () => {
    expect(classifier.classify(`SELECT 'é';\nSELEC 1`)).toEqual({
      statements: [],
      failure: { message: 'syntax error at or near "SELEC"', position: { offset: 12, line: 2, column: 1 } },
      temporary: new Set(),
    });
  });

  it('reads every other control character in strings, comments and bodies', () => {
    for (let code = 1; code < 0x20; code++) {
      const raw = String.fromCharCode(code);
      const [finding] = findingsOf(`UPDATE a SET b = '${raw}' WHERE c = 'x${raw}' /* ${raw} */`);
      expect(finding).toMatchObject({ rule: 'update', where: { text: `c = 'x${raw}'` } });
      expect(summaries(`DO $$ BEGIN UPDATE a SET b = '${raw}'; END $$`)).toEqual([
        'do-block-dml | update | a | DO block',
      ]);
      expect(statementsOf(`ALTER TABLE a ADD b text DEFAULT '${raw}'`)[0]?.effect).toBe('schema');
    }
  });

  it('returns a failure for a text with a NUL character, because the parser would not see the rest', () => {
    expect(classifier.classify('SELECT 1\0; DELETE FROM leads').failure?.message).toMatch(/NUL/);
  });

  it('returns a failure and does not crash when the nesting exceeds the stack of the parser', () => {
    const deep = `SELECT ${'('.repeat(60_000)}1${')'.repeat(60_000)}`;
    expect(classifier.classify(deep).failure?.message).toMatch(/memory|stack/i);
    expect(statementsOf('SELECT 1')).toHaveLength(1);
  });

  it('returns no statement for an empty text', () => {
    expect(statementsOf(' -- nothing\n;;')).toEqual([]);
  });
});

describe('an UPDATE', () => {
  it('is a finding with its table, columns, expressions and condition', () => {
    const finding = onlyFinding(
      `UPDATE crm.leads AS l SET a = 1, b = CASE WHEN q IS NOT DISTINCT FROM 1 THEN 'x' END, c = (SELECT max(d) FROM calls WHERE lead = l.id)
       WHERE l.tenant = 7 /* why */ AND l.a IS NULL RETURNING id`,
    );
    expect(finding.table).toEqual({ schema: 'crm', name: 'leads' });
    expect(finding.set).toEqual([
      { column: 'a', expression: '1' },
      { column: 'b', expression: `CASE WHEN q IS NOT DISTINCT FROM 1 THEN 'x' END` },
      { column: 'c', expression: '(SELECT max(d) FROM calls WHERE lead = l.id)' },
    ]);
    expect(finding.where?.text).toBe('l.tenant = 7 AND l.a IS NULL');
    expect(finding.where).toMatchObject({ selective: true, onlyNullColumns: [] });
    expect(finding.sources).toEqual([{ name: 'calls' }]);
  });

  it.each([
    ['', undefined],
    ['WHERE true', { tautology: true, selective: false }],
    ['WHERE 1 = 1 AND id = id', { tautology: true }],
    ['WHERE false', { tautology: false, selective: true }],
    ['FROM u WHERE u.id = t.u_id', { joinOnly: true, selective: false }],
    ['FROM u WHERE u.a = t.a OR (u.a IS NULL AND t.a IS NULL)', { joinOnly: true, selective: false }],
    ['FROM u WHERE u.a = t.a OR t.a IS NULL', { joinOnly: false, selective: true }],
    ['FROM u WHERE (u.id = t.u_id)', { joinOnly: true, text: '(u.id = t.u_id)' }],
    [`FROM u WHERE u.id = t.u_id AND u.kind = 'x'`, { joinOnly: false, selective: true }],
    ['WHERE n IS NULL', { onlyNullColumns: ['n'], selective: false }],
    ['WHERE n IS NULL AND tenant = 3', { onlyNullColumns: [], selective: true }],
    ['WHERE id IN (SELECT id FROM u)', { selective: true, joinOnly: false }],
  ])('with the condition %j has the shape of that condition', (rest, shape) => {
    const { where } = onlyFinding(`UPDATE t SET a = 1 ${rest}`);
    if (shape) expect(where).toMatchObject(shape);
    else expect(where).toBeUndefined();
  });

  it('has the same normal form in every format', () => {
    const one = onlyFinding('UPDATE  Leads SET a=1 -- note\nWHERE "Id"=2;').normalized;
    expect(onlyFinding('update leads\nset a = 1 where "Id" = 2').normalized).toBe(one);
    expect(onlyFinding('update leads set a = 1 where "id" = 2').normalized).not.toBe(one);
    expect(onlyFinding('update leads set a = 9 where "Id" = 2').normalized).not.toBe(one);
  });
});

describe('a change of rows inside another statement is found', () => {
  it.each([
    [
      'WITH d AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM d',
      ['insert-select | insert-select | b', 'delete | delete | a'],
    ],
    ['EXPLAIN (ANALYZE, BUFFERS) UPDATE t SET a = 1', ['update | update | t']],
    ['PREPARE p AS DELETE FROM t', ['delete | delete | t']],
    ['COPY (DELETE FROM t RETURNING *) TO STDOUT', ['delete | delete | t']],
    ['TRUNCATE a, s.b', ['truncate | truncate | a', 'truncate | truncate | s.b']],
    ['SELECT * INTO z FROM t', ['select-into | select-into | z']],
    ['CREATE TABLE z AS TABLE t', ['create-table-as | create-table-as | z']],
    ['DO $$ BEGIN UPDATE t SET a = 1; END $$', ['do-block-dml | update | t | DO block']],
    [`DO $$ BEGIN EXECUTE 'DELETE FROM t'; END $$`, ['do-block-dml | delete | t | DO block | EXECUTE']],
    [
      `DO $$ DECLARE q text := 'DELETE FROM t'; BEGIN EXECUTE q; END $$`,
      ['do-block-dml | delete | t | DO block | EXECUTE'],
    ],
    [
      `DO $$ BEGIN EXECUTE format('UPDATE %I SET a = 1', (SELECT 't')); END $$`,
      ['do-block-dml | update | _dynamic_ | DO block | EXECUTE'],
    ],
    [
      `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS 'BEGIN DELETE FROM t; END'; SELECT f()`,
      ['function-call-dml | delete | t | function f()'],
    ],
    [
      `CREATE FUNCTION f() RETURNS int BEGIN ATOMIC UPDATE t SET a = 1; SELECT 1; END; SELECT * FROM f()`,
      ['function-call-dml | update | t | function f()'],
    ],
    [
      `CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM s.g(); END $$;
       CREATE FUNCTION s.g() RETURNS void LANGUAGE sql AS $$ INSERT INTO t DEFAULT VALUES $$;
       DO $$ BEGIN PERFORM f(); END $$`,
      ['do-block-dml | insert | t | DO block | function f() | function s.g()'],
    ],
    [
      `CREATE PROCEDURE p() LANGUAGE sql AS 'TRUNCATE t'; CALL p()`,
      ['function-call-dml | truncate | t | procedure p()'],
    ],
    [
      `CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'UPDATE t SET a = 1 RETURNING 1'; ALTER TABLE t ADD COLUMN x int DEFAULT f(1)`,
      ['function-call-dml | update | t | function f()'],
    ],
    [
      `CREATE FUNCTION f() RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE 'DELETE FROM t RETURNING 1'; END $$; SELECT f()`,
      ['function-call-dml | delete | t | function f() | EXECUTE'],
    ],
    [
      `DO $$ DECLARE c refcursor; BEGIN OPEN c FOR EXECUTE 'UPDATE t SET a = 1 RETURNING 1'; END $$`,
      ['do-block-dml | update | t | DO block | EXECUTE'],
    ],
    [
      `DO $$ DECLARE r record; BEGIN FOR r IN EXECUTE 'DELETE FROM t RETURNING 1' LOOP NULL; END LOOP; END $$`,
      ['do-block-dml | delete | t | DO block | EXECUTE'],
    ],
    [`SELECT lo_unlink(1)`, ['large-object | large-object | ']],
  ])('in %s', (sql, expected) => {
    expect(summaries(sql)).toEqual(expected);
  });

  it('with its own position and text in a loop of a DO block', () => {
    const sql = `DO $$\nDECLARE r record;\nBEGIN\n  FOR r IN SELECT * FROM u LOOP\n    UPDATE t SET a = r.a WHERE id = r.id;\n  END LOOP;\nEND $$`;
    expect(onlyFinding(sql)).toMatchObject({
      position: { line: 5, column: 5 },
      text: 'UPDATE t SET a = r.a WHERE id = r.id',
      inLoop: true,
    });
  });
});

describe('a statement that only defines or reads is no change of rows', () => {
  it.each([
    [
      'CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE t SET a = 1; RETURN NEW; END $$',
      'schema',
    ],
    ['CREATE RULE r AS ON INSERT TO t DO INSTEAD UPDATE t SET a = 1', 'schema'],
    ['CREATE TABLE z AS TABLE t WITH NO DATA', 'schema'],
    ['CREATE MATERIALIZED VIEW m AS SELECT * FROM t', 'schema'],
    ['REFRESH MATERIALIZED VIEW m', 'schema'],
    ['ALTER TABLE t ALTER a SET DEFAULT app.f()', 'schema'],
    ['ALTER TABLE t ADD COLUMN "update" int DEFAULT app.f()', 'schema'],
    ['EXPLAIN UPDATE t SET a = 1', 'read'],
    ['EXPLAIN (ANALYZE false) UPDATE t SET a = 1', 'read'],
    [`SELECT setval('s', 1), nextval('s')`, 'read'],
    ['COPY t TO STDOUT', 'read'],
    ['LOCK TABLE t', 'session'],
    ['DO $$ BEGIN IF NOT EXISTS (SELECT FROM t) THEN RAISE NOTICE $q$UPDATE t$q$; END IF; END $$', 'read'],
    ['DO $$ BEGIN ALTER TABLE t ADD COLUMN x int; END $$', 'schema'],
    [`DO $$ BEGIN EXECUTE format('ALTER TABLE %I ADD COLUMN x int', (SELECT 't')); END $$`, 'schema'],
    [`DO $$ DECLARE r regclass; BEGIN EXECUTE 'DROP INDEX ' || r::regclass; END $$`, 'schema'],
  ])('%s is %s', (sql, effect) => {
    expect(statementsOf(sql).map((statement) => statement.effect)).toEqual([effect]);
  });
});

describe('a statement that the text does not decide is unknown, with a reason', () => {
  it.each([
    [`DO $$ DECLARE t text; BEGIN SELECT x INTO t FROM u; EXECUTE t; END $$`, 'dynamic-sql', 'unknown'],
    [
      `DO $$ DECLARE t text; BEGIN SELECT x INTO t FROM u; EXECUTE 'ALTER TABLE ' || t || ' ADD y int'; END $$`,
      'dynamic-sql',
      'schema',
    ],
    ['SELECT app.fill()', 'unresolved-call', undefined],
    ['CALL fill()', 'unresolved-call', undefined],
    [`SELECT dblink_exec('c', 'DELETE FROM t')`, 'remote-sql', undefined],
    [`COPY t TO PROGRAM 'rm'`, 'remote-sql', undefined],
    ['DO LANGUAGE plpython3u $$ plpy.execute("x") $$', 'foreign-language', undefined],
    ['DO $$ BEGIN nonsense here; END $$', 'unparsed-body', undefined],
    ['EXECUTE p', 'unknown-prepared', undefined],
  ])('%s', (sql, kind, likely) => {
    const [statement] = statementsOf(sql);
    expect(statement?.effect).toBe('unknown');
    expect(statement?.unknowns).toEqual([expect.objectContaining({ kind, ...(likely && { likely }) })]);
  });

  it('a call is resolved when an earlier text has created the routine', () => {
    const routines = statementsOf(
      `CREATE FUNCTION app.fill() RETURNS void LANGUAGE sql AS 'SELECT 1'`,
    ).flatMap((statement) => statement.creates);
    expect(classifier.classify('SELECT app.fill()', { routines }).statements[0]?.effect).toBe('read');
  });
});

describe('a statement with an effect on the session or transaction is described', () => {
  it.each([
    ['SET LOCAL lock_timeout = 1', { settings: [{ name: 'lock_timeout', value: '1' }] }],
    [
      `SELECT set_config('track_counts', 'off', true)`,
      { settings: [{ name: 'track_counts', value: 'off' }] },
    ],
    ['RESET ALL', { settings: [{ name: '*' }] }],
    ['COMMIT', { transaction: 'commit' }],
    ['ROLLBACK TO s', { transaction: 'rollback-to' }],
    ['DO $$ BEGIN COMMIT; END $$', { controlsTransaction: true }],
    ['CREATE INDEX CONCURRENTLY i ON t (a)', { refusesTransaction: true }],
    ['CREATE INDEX i ON t (a)', { refusesTransaction: false }],
    ['VACUUM t', { refusesTransaction: true }],
  ])('%s', (sql, expected) => {
    expect(statementsOf(sql)[0]).toMatchObject(expected);
  });
});
