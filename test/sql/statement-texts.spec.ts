import { findingsOf } from '../support/classified.ts';

const assignments = (sql: string) =>
  findingsOf(sql)[0]?.set.map(({ column, expression }) => `${column} = ${expression}`);

describe('the text of a condition ends where the clause ends', () => {
  it.each([
    ['UPDATE t SET a = 1 WHERE b = 2 RETURNING id', 'b = 2'],
    ['UPDATE t SET a = 1 WHERE b = 2; SELECT 1', 'b = 2'],
    ['UPDATE t SET a = 1 WHERE /* why */ b = 2 -- because', 'b = 2'],
    ['EXPLAIN ANALYZE UPDATE t SET a = 1 WHERE b = 2', 'b = 2'],
    ['INSERT INTO t SELECT x FROM u WHERE x > 1 GROUP BY x', 'x > 1'],
    ['INSERT INTO t SELECT 1 FROM u WHERE x > 1 HAVING true', 'x > 1'],
    ['INSERT INTO t SELECT x FROM u WHERE x > 1 WINDOW w AS (ORDER BY x)', 'x > 1'],
    ['INSERT INTO t SELECT x FROM u WHERE x > 1 ORDER BY x', 'x > 1'],
    ['INSERT INTO t SELECT x FROM u WHERE x > 1 LIMIT 3', 'x > 1'],
    ['INSERT INTO t SELECT x FROM u WHERE x > 1 OFFSET 3', 'x > 1'],
    ['INSERT INTO t SELECT x FROM u WHERE x > 1 FETCH FIRST 3 ROWS ONLY', 'x > 1'],
    ['INSERT INTO t SELECT x FROM u WHERE x > 1 FOR UPDATE', 'x > 1'],
    ['INSERT INTO t SELECT x FROM u WHERE x > 1 ON CONFLICT DO NOTHING', 'x > 1'],
    [
      'DELETE FROM t WHERE (a = 1 OR (b = 2)) AND c = ANY (ARRAY[1, 2])',
      '(a = 1 OR (b = 2)) AND c = ANY (ARRAY[1, 2])',
    ],
    ['DELETE FROM t WHERE ((a)) = 1', '((a)) = 1'],
    [
      'DELETE FROM t WHERE a IN (SELECT b FROM u WHERE c ORDER BY d) AND e',
      'a IN (SELECT b FROM u WHERE c ORDER BY d) AND e',
    ],
    ['UPDATE t SET a = (SELECT max(x) FROM u WHERE u.k = 1) WHERE c = 3', 'c = 3'],
    ['DO $$ BEGIN IF true THEN UPDATE t SET a = 1 WHERE b = 2; END IF; END $$', 'b = 2'],
    [
      'CREATE FUNCTION f() RETURNS int BEGIN ATOMIC UPDATE t SET a = 1 WHERE b = 2; SELECT 1; END; SELECT f()',
      'b = 2',
    ],
  ])('%s', (sql, text) => expect(findingsOf(sql)[0]?.where?.text).toBe(text));

  it('also of each part of a statement with several changes, which has its own text', () => {
    const sql =
      'WITH d AS (UPDATE a SET x = 1 WHERE y = 2 RETURNING id), e AS (DELETE FROM s.b WHERE z = 3) ' +
      'INSERT INTO c SELECT id FROM d WHERE id > 5 LIMIT 3';
    expect(findingsOf(sql).map(({ text, where, inCte }) => [text, where?.text, inCte])).toEqual([
      [sql, 'id > 5', false],
      ['UPDATE a SET x = 1 WHERE y = 2 RETURNING id', 'y = 2', true],
      ['DELETE FROM s.b WHERE z = 3', 'z = 3', true],
    ]);
  });

  it.each([
    ['WITH d AS (INSERT INTO a VALUES (1)) SELECT 1', 'INSERT INTO a VALUES (1)'],
    ['WITH d AS (INSERT INTO a SELECT * FROM b) SELECT 1', 'INSERT INTO a SELECT * FROM b'],
    ['WITH d AS (UPDATE a SET b = 1) SELECT 1', 'UPDATE a SET b = 1'],
    [
      'WITH d AS (MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE RETURNING 1) SELECT 1',
      'MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE RETURNING 1',
    ],
  ])('of a CTE: %s', (sql, text) => expect(findingsOf(sql)[0]?.text).toBe(text));
});

describe('the text of an assigned value ends where the value ends', () => {
  it.each([
    [
      'UPDATE t SET a = 1, b = (SELECT x FROM u WHERE y = 1), c = 3',
      ['a = 1', 'b = (SELECT x FROM u WHERE y = 1)', 'c = 3'],
    ],
    ['UPDATE t SET a[1] = 5 WHERE b = 6', ['a = 5']],
    ['UPDATE t SET a = 1 FROM u WHERE u.id = t.id', ['a = 1']],
    ['UPDATE t SET a = 1 RETURNING id', ['a = 1']],
    ['UPDATE t SET a = CASE WHEN x THEN 1 ELSE 2 END, b = 2', ['a = CASE WHEN x THEN 1 ELSE 2 END', 'b = 2']],
    [
      'UPDATE t SET a = b IS DISTINCT FROM 2, c = extract(year from d)',
      ['a = b IS DISTINCT FROM 2', 'c = extract(year from d)'],
    ],
    ['UPDATE t SET (a, b) = (SELECT 1, 2), c = DEFAULT', ['a = ', 'b = ', 'c = DEFAULT']],
    [
      'MERGE INTO t USING u ON t.id = u.id WHEN MATCHED AND u.x > 1 THEN UPDATE SET a = u.a, b = 2 WHEN NOT MATCHED THEN INSERT (c) VALUES (1)',
      ['a = u.a', 'b = 2'],
    ],
    ['INSERT INTO t (a, b) SELECT x, y FROM u', ['a = ', 'b = ']],
  ])('%s', (sql, set) => expect(assignments(sql)).toEqual(set));
});

describe('an INSERT', () => {
  it.each([
    ['INSERT INTO t VALUES (1), (2), (3)', 3],
    ['INSERT INTO t VALUES (1)', 1],
    ['INSERT INTO t DEFAULT VALUES', 1],
    ['INSERT INTO t SELECT 1', 1],
    ['INSERT INTO t SELECT * FROM (VALUES (1), (2)) v', 1],
    ['INSERT INTO t SELECT * FROM (SELECT 1) v', 1],
    ['INSERT INTO t SELECT 1 UNION ALL SELECT 2', 1],
  ])('of rows in its text has their number: %s', (sql, rows) => {
    expect(findingsOf(sql)).toMatchObject([{ operation: 'insert', rows, sources: [] }]);
  });

  it.each([
    'INSERT INTO t SELECT * FROM u',
    'INSERT INTO t TABLE u',
    'INSERT INTO t SELECT 1 UNION ALL SELECT x FROM u',
    'INSERT INTO t SELECT x FROM u UNION ALL SELECT 1',
    'INSERT INTO t SELECT * FROM (SELECT * FROM u) v',
    'WITH v AS (SELECT 1) INSERT INTO t SELECT * FROM v, u',
  ])('of rows of a table copies them: %s', (sql) => {
    expect(findingsOf(sql)).toMatchObject([{ operation: 'insert-select', sources: [{ name: 'u' }] }]);
    expect(findingsOf(sql)[0]).not.toHaveProperty('rows');
  });
});

describe('the tables from which a change takes values are its sources', () => {
  it.each([
    ['UPDATE t SET a = 1 FROM s.u WHERE u.id = t.id', [{ schema: 's', name: 'u' }]],
    ['DELETE FROM t USING u, v WHERE u.id = t.id', [{ name: 'u' }, { name: 'v' }]],
    ['WITH d AS (SELECT * FROM u) UPDATE t SET a = 1 FROM d', [{ name: 'u' }]],
    ['WITH d AS (SELECT 1) UPDATE t SET a = 1 FROM s.d', [{ schema: 's', name: 'd' }]],
    ['CREATE TABLE z AS SELECT * FROM u', [{ name: 'u' }]],
    ['TRUNCATE a, b', []],
  ])('%s', (sql, sources) => expect(findingsOf(sql)[0]?.sources).toEqual(sources));
});

describe('the normal form of a statement', () => {
  it('is made without the scanner for a very long text, with single spaces', () => {
    const long = 'x'.repeat(600 * 1024);
    const [finding] = findingsOf(`  DELETE  FROM t\n WHERE a = '${long}'`);
    expect(finding?.normalized).toBe(`DELETE FROM t WHERE a = '${long}'`);
    expect(finding?.where).toMatchObject({ selective: true });
  });

  it('has no semicolon at its end', () => {
    expect(findingsOf('DELETE FROM t;')[0]?.normalized).toBe('delete from t');
  });
});
