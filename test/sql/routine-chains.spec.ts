import { classifier, findingsOf, statementsOf } from '../support/classified.ts';

const routine = (name: string, body: string) =>
  `CREATE FUNCTION ${name}() RETURNS int LANGUAGE sql AS '${body}';`;

/** Functions each of which calls the next one; the last one deletes rows. */
function chain(length: number): string {
  const callers = Array.from({ length: length - 1 }, (_, at) => routine(`f${at}`, `SELECT f${at + 1}()`));
  return [...callers, routine(`f${length - 1}`, 'DELETE FROM leads RETURNING 1'), 'SELECT f0()'].join(' ');
}

describe('a call that changes rows through other routines', () => {
  it.each([1, 2, 13])('of %i routines is a change of rows', (length) => {
    expect(statementsOf(chain(length)).at(-1)?.effect).toBe('data');
    expect(findingsOf(chain(length)).map(({ via }) => via.length)).toEqual([length]);
  });

  it.each([14, 15, 30])('of %i routines is unknown, and not taken for a query', (length) => {
    const call = statementsOf(chain(length)).at(-1);
    expect(call?.effect).toBe('unknown');
    expect(call?.unknowns.map(({ detail }) => detail)).toEqual([
      'f13() is called through too many other routines',
    ]);
  });
});

it('routines that call each other in a circle are read once', () => {
  const circle = `${routine('f', 'SELECT g()')} ${routine('g', 'SELECT f() + h()')} `;
  const changes = `${circle} ${routine('h', 'DELETE FROM leads RETURNING 1')} SELECT f()`;
  expect(findingsOf(changes).map(({ via }) => via)).toEqual([
    ['function f()', 'function g()', 'function h()'],
  ]);
  const reads = classifier.classify(`${circle} ${routine('h', 'SELECT 1')} SELECT f()`).statements.at(-1);
  expect(reads).toMatchObject({ effect: 'read', unknowns: [] });
});

it('each table that one TRUNCATE of a routine empties is reported', () => {
  const text = `CREATE FUNCTION t() RETURNS void LANGUAGE sql AS 'TRUNCATE a, leads'; SELECT t()`;
  expect(findingsOf(text).map(({ table }) => table?.name)).toEqual(['a', 'leads']);
});

describe('a change of rows in a routine that several others call', () => {
  const writes = routine('w', 'DELETE FROM leads RETURNING 1');

  it('is reported once if each routine was created before the next one, which calls it', () => {
    const callers = Array.from({ length: 12 }, (_, at) =>
      routine(`f${at}`, `SELECT ${at ? `f${at - 1}` : 'w'}()`),
    );
    expect(findingsOf([writes, ...callers, 'SELECT f11()'].join(' '))).toHaveLength(1);
  });

  it('is reported once if two routines call it', () => {
    const callers = [
      routine('a', 'SELECT w()'),
      routine('b', 'SELECT w()'),
      routine('c', 'SELECT a() + b()'),
    ];
    expect(findingsOf([writes, ...callers, 'SELECT c()'].join(' '))).toHaveLength(1);
  });

  it('is reported for the loop if one of two calls is in a loop', () => {
    const once = routine('once', 'SELECT w()');
    const often = `CREATE FUNCTION often() RETURNS int LANGUAGE plpgsql AS $$ BEGIN PERFORM once();
      FOR i IN 1..9 LOOP PERFORM w(); END LOOP; RETURN 1; END $$;`;
    expect(findingsOf(`${writes} ${once} ${often} SELECT often()`).some(({ inLoop }) => inLoop)).toBe(true);
  });

  it('is found in a routine that was replaced after the routines that call it were created', () => {
    const reads = routine('w', 'SELECT 1');
    const callers = [routine('a', 'SELECT w()'), routine('b', 'SELECT a()')];
    const replaced = writes.replace('CREATE', 'CREATE OR REPLACE');
    expect(findingsOf([reads, ...callers, replaced, 'SELECT b()'].join(' '))).toHaveLength(1);
  });
});
