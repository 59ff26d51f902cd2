import { loadClassifier, type StatementClassifier } from 'nestjs-backfill-sql';
import { coversTable, judge, type Verdict } from '../../../libs/backfill/src/migrations/guard/refusal.ts';

let classifier: StatementClassifier;
beforeAll(async () => {
  classifier = await loadClassifier();
});

const OPTIONS = { exemptTables: ['exempt', 'crm.exempt_there'], bookkeeping: ['migrations'] };

/** Of the last statement of a text. */
function verdictOn(sql: string): Verdict {
  const { statements, failure } = classifier.classify(sql);
  expect(failure).toBeUndefined();
  const statement = statements.at(-1);
  if (!statement) throw new Error(`no statement in ${sql}`);
  return judge(statement, OPTIONS);
}

describe('a migration may set what the guard needs to the values that it needs', () => {
  it.each(
    ['track_counts', 'standard_conforming_strings', 'Track_Counts'].flatMap((name) =>
      ['on', 'ON', 'true', `'1'`, '1', 'yes'].map((value) => `SET ${name} = ${value}`),
    ),
  )('%s', (sql) => expect(verdictOn(sql)).toEqual({ mustCountRows: false }));

  it.each([
    ['SET track_counts = off', 'track_counts'],
    ['SET track_counts = 0', 'track_counts'],
    ['SET LOCAL track_counts TO DEFAULT', 'track_counts'],
    ['RESET track_counts', 'track_counts'],
    ['SET standard_conforming_strings = off', 'standard_conforming_strings'],
    ['RESET ALL', 'with an unknown name'],
    [`SELECT set_config(name, 'on', false) FROM t`, 'with an unknown name'],
  ])('and nothing else: %s', (sql, setting) => {
    expect(verdictOn(sql)).toEqual({ refused: { kind: 'blinding', setting }, mustCountRows: false });
  });

  it('and every other setting to any value', () => {
    expect(verdictOn('SET work_mem = 4')).toEqual({ mustCountRows: false });
    expect(verdictOn('RESET work_mem')).toEqual({ mustCountRows: false });
  });
});

describe('a change of rows', () => {
  it.each(['UPDATE leads SET a = 1', 'DELETE FROM other.exempt_there', 'TRUNCATE exempt, leads'])(
    'is refused: %s',
    (sql) => expect(verdictOn(sql)).toMatchObject({ refused: { kind: 'data' }, mustCountRows: false }),
  );

  it.each([
    'UPDATE exempt SET a = 1',
    'UPDATE any_schema.exempt SET a = 1',
    'DELETE FROM crm.exempt_there',
    'DELETE FROM exempt_there',
    'DO $$ BEGIN TRUNCATE exempt; END $$',
  ])('of an exempt table passes: %s', (sql) => expect(verdictOn(sql).refused).toBeUndefined());

  it.each([
    `INSERT INTO migrations (name) VALUES ('x')`,
    'UPDATE migrations SET a = 1',
    `DELETE FROM "migrations" WHERE name = 'x'`,
  ])('of TypeORM’s own tables passes: %s', (sql) => expect(verdictOn(sql).refused).toBeUndefined());

  it.each([
    'TRUNCATE migrations',
    'INSERT INTO migrations SELECT * FROM t',
    'DO $$ BEGIN DELETE FROM migrations; END $$',
  ])('of TypeORM’s own tables is refused if TypeORM does not send it so: %s', (sql) => {
    expect(verdictOn(sql)).toMatchObject({ refused: { kind: 'data' } });
  });
});

describe('SQL that the guard cannot read', () => {
  const routine = (language: string, body: string) =>
    `CREATE FUNCTION f() RETURNS void LANGUAGE ${language} AS $$${body}$$; SELECT f()`;

  it.each([
    'SELECT app.fill()',
    'CALL fill()',
    'DO $$ DECLARE t text; BEGIN SELECT x INTO t FROM u; EXECUTE t; END $$',
    routine('plpython3u', 'plpy.execute("x")'),
    routine('plpgsql', 'BEGIN nonsense here; END'),
    'CREATE PROCEDURE p() LANGUAGE plpython3u AS $$x$$; CALL p()',
  ])('has its rows counted: %s', (sql) => expect(verdictOn(sql)).toEqual({ mustCountRows: true }));

  it.each([
    [`SELECT dblink_exec('c', 'DELETE FROM t')`, 'remote-sql'],
    [`COPY t TO PROGRAM 'rm'`, 'remote-sql'],
    ['DO LANGUAGE plpython3u $$ x $$', 'foreign-language'],
    ['DO $$ BEGIN nonsense here; END $$', 'unparsed-body'],
    ['EXECUTE p', 'unknown-prepared'],
  ])('is refused where no counter would show its rows: %s', (sql, kind) => {
    expect(verdictOn(sql)).toMatchObject({
      refused: { kind: 'undecidable', unknown: { kind } },
      mustCountRows: false,
    });
  });

  it('that calls nothing has no rows to count', () => {
    expect(verdictOn('ALTER TABLE leads ADD a int')).toEqual({ mustCountRows: false });
  });
});

describe('a listed table', () => {
  it.each([
    ['leads', { name: 'leads' }, true],
    ['leads', { schema: 'crm', name: 'leads' }, true],
    ['crm.leads', { name: 'leads' }, true],
    ['crm.leads', { schema: 'crm', name: 'leads' }, true],
    ['crm.leads', { schema: 'app', name: 'leads' }, false],
    ['crm.leads', { schema: 'leads', name: 'crm' }, false],
    ['leads', { name: 'calls' }, false],
  ])('%s, of %j: %s', (listed, table, covers) => expect(coversTable(listed, table)).toBe(covers));
});
