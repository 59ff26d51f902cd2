import { temporaryAfterCommit } from '../../libs/sql/src/functions/temporary-tables.ts';
import { classifier, statementsOf } from '../support/classified.ts';

/** The last statement of a text. */
const last = (sql: string) => statementsOf(sql).at(-1);

const changedTables = (sql: string) => last(sql)?.findings.map(({ table }) => table?.name);

describe('a change of rows of a temporary table is no finding', () => {
  it.each([
    'CREATE TEMP TABLE x (a int); INSERT INTO x VALUES (1)',
    'CREATE TEMP TABLE x AS SELECT 1; DELETE FROM x',
    'SELECT 1 AS a INTO TEMP x; UPDATE x SET a = 1',
    'CREATE TABLE pg_temp.x (a int); UPDATE pg_temp.x SET a = 1',
    'CREATE TABLE pg_temp.x (a int); UPDATE x SET a = 1',
    'CREATE TEMP TABLE x (a int); TRUNCATE x',
    'CREATE TEMP TABLE x (a int); COPY x FROM STDIN',
    'CREATE TEMP TABLE x (a int); ALTER TABLE x RENAME TO y; INSERT INTO y VALUES (1)',
    'CREATE TEMP TABLE x (a int); ALTER TABLE x RENAME COLUMN a TO y; INSERT INTO x VALUES (1)',
    'CREATE TEMP TABLE x (a int); DISCARD PLANS; INSERT INTO x VALUES (1)',
    'CREATE TEMP TABLE x (a int) ON COMMIT DELETE ROWS; COMMIT; INSERT INTO x VALUES (1)',
    'CREATE TEMP TABLE x (a int) ON COMMIT DROP; INSERT INTO x VALUES (1)',
  ])('%s', (sql) => expect(changedTables(sql)).toEqual([]));
});

describe('a change of rows of a table that is no temporary one any more, or never was, is a finding', () => {
  it.each([
    ['CREATE TABLE x (a int); INSERT INTO x VALUES (1)', 'x'],
    ['CREATE TEMP TABLE x (a int); INSERT INTO public.x VALUES (1)', 'x'],
    ['CREATE TEMP TABLE x (a int); INSERT INTO t VALUES (1)', 't'],
    ['CREATE TEMP VIEW x AS SELECT 1; UPDATE x SET a = 1', 'x'],
    ['CREATE TEMP TABLE x (a int); DROP TABLE x; INSERT INTO x VALUES (1)', 'x'],
    ['CREATE TEMP TABLE x (a int); ALTER TABLE x RENAME TO y; INSERT INTO x VALUES (1)', 'x'],
    ['CREATE TEMP TABLE x (a int); ALTER TABLE x RENAME COLUMN a TO y; INSERT INTO y VALUES (1)', 'y'],
    ['CREATE TEMP TABLE x (a int); ALTER TABLE z RENAME TO y; INSERT INTO y VALUES (1)', 'y'],
    ['CREATE TEMP TABLE x (a int); DISCARD ALL; INSERT INTO x VALUES (1)', 'x'],
    ['CREATE TEMP TABLE x (a int); DISCARD TEMP; INSERT INTO x VALUES (1)', 'x'],
    ['BEGIN; CREATE TEMP TABLE x (a int); ROLLBACK; INSERT INTO x VALUES (1)', 'x'],
    ['CREATE TEMP TABLE x (a int); ROLLBACK TO s; INSERT INTO x VALUES (1)', 'x'],
    ['CREATE TEMP TABLE x (a int) ON COMMIT DROP; COMMIT; INSERT INTO x VALUES (1)', 'x'],
    ['CREATE TEMP TABLE x ON COMMIT DROP AS SELECT 1; COMMIT; INSERT INTO x VALUES (1)', 'x'],
    [
      'CREATE TEMP TABLE x (a int) ON COMMIT DROP; ALTER TABLE x RENAME TO y; COMMIT; INSERT INTO y VALUES (1)',
      'y',
    ],
  ])('%s', (sql, table) => expect(changedTables(sql)).toEqual([table]));
});

describe('the temporary tables of a session', () => {
  it('are known to the next text', () => {
    const { temporary } = classifier.classify('CREATE TEMP TABLE x (a int)');
    expect([...temporary]).toEqual(['x']);
    expect(classifier.classify('UPDATE x SET a = 1', { temporary }).statements[0]?.findings).toEqual([]);
    expect(classifier.classify('UPDATE x SET a = 1').statements[0]?.findings).toHaveLength(1);
  });

  it('stay when the next text cannot be parsed', () => {
    expect([...classifier.classify('SELEC', { temporary: new Set(['x']) }).temporary]).toEqual(['x']);
  });

  it('are left after a commit without those that end with their transaction', () => {
    const { temporary } = classifier.classify(
      'CREATE TEMP TABLE kept (a int); CREATE TEMP TABLE ended (a int) ON COMMIT DROP',
    );
    expect([...temporaryAfterCommit(temporary)]).toEqual(['kept']);
  });
});

describe('what fires for rows of a temporary table', () => {
  const create = 'CREATE TEMP TABLE x (a int);';
  const reason = 'a rule on a temporary table changes rows of another';

  it('is unknown if it is a rule that changes rows of another table', () => {
    expect(
      last(`${create} CREATE RULE r AS ON INSERT TO x DO ALSO UPDATE t SET a = 1`)?.unknowns,
    ).toMatchObject([{ kind: 'wrapped-call', detail: reason }]);
  });

  it('is nothing if it is a rule that changes rows of the temporary table', () => {
    expect(last(`${create} CREATE RULE r AS ON INSERT TO x DO ALSO DELETE FROM x`)?.unknowns).toEqual([]);
    expect(last('CREATE RULE r AS ON INSERT TO x DO ALSO UPDATE t SET a = 1')?.unknowns).toEqual([]);
  });
});
