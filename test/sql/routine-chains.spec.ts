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
