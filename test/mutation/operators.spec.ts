import { runInNewContext } from 'node:vm';
import { mutationsOf } from '../../scripts/mutation/operators.mjs';
import { withProbes } from '../../scripts/mutation/probes.mjs';

/** The code with each of its mutations, in the order of the code. */
function mutants(code: string): string[] {
  return mutationsOf('code.ts', code).map(
    ({ start, end, replacement }) => code.slice(0, start) + replacement + code.slice(end),
  );
}

describe('a mutation', () => {
  it.each([
    ['a boundary', 'const a = b < c;', ['const a = b <= c;']],
    ['a comparison', 'const a = b === c;', ['const a = b !== c;']],
    ['a default', 'const a = b ?? c;', ['const a = ((b) && (c));']],
    ['a sum', 'const a = b + c;', ['const a = b - c;']],
    ['a negation', 'const a = !b;', ['const a = b;']],
    ['a condition', 'if (a) b;', ['if (true) b;', 'if (false) b;', 'if (a) ;']],
    ['a loop, which must end', 'while (a) b;', ['while (false) b;', 'while (a) ;']],
    ['a call that stands alone', 'a(b);', [';']],
    ['the last argument', 'const a = b(c, d);', ['const a = b(c);']],
    ['a method', 'const a = b.some(c);', ['const a = b.every(c);']],
    ['a filter', 'const a = b.filter(c);', ['const a = b;']],
    ['a result', 'function a() { return b; }', ['function a() { return undefined; }']],
    ['a boolean', 'const a = true;', ['const a = false;']],
    ['a number', 'const a = 3;', ['const a = (3 + 1);']],
    ['a word', `const a = 'locking';`, [`const a = '';`]],
    ['a list', 'const a = [b];', ['const a = [];']],
    ['a row lock', 'const a = `SELECT FOR NO KEY UPDATE`;', ['const a = `SELECT FOR UPDATE`;']],
    ['a lock that is skipped', 'const a = `SELECT 1 SKIP LOCKED`;', ['const a = `SELECT 1`;']],
    [
      'the durability of a commit',
      `const a = 'SET LOCAL synchronous_commit = local';`,
      [
        `const a = 'SET synchronous_commit = local';`,
        `const a = 'SET LOCAL synchronous_commit <> local';`,
        `const a = 'SET LOCAL synchronous_commit = off';`,
      ],
    ],
    [
      'a condition of SQL around an expression',
      'const a = `SELECT 1 WHERE ${b} AND ${c}`;',
      ['const a = `SELECT 1 WHERE ${b} OR ${c}`;'],
    ],
  ])('changes %s', (_what, code, expected) => {
    expect(mutants(code)).toEqual(expected);
  });

  it.each([
    ['types', `type A = 'locking' | true; interface B { readonly c: 'word' }`],
    ['imports and exports', `import a from 'word'; export * from 'other'; export { a };`],
    ['names of properties', `const a = { 'word': b }; const c = d['word'];`],
    ['times and limits', 'const LIMIT_MS = 60_000;'],
    ['messages', `const a = 'It waits and then stops.';`],
    ['a call of the base class', 'class A extends B { constructor() { super(); } }'],
  ])('leaves %s as they are', (_what, code) => {
    expect(mutants(code)).toEqual([]);
  });

  it('names the function in which it stands', () => {
    const code = 'const a = 1; class B { c = 2; #d() { return 3; } } const e = () => 4;';
    expect(
      mutationsOf('code.ts', code)
        .filter(({ operator }) => operator === 'number')
        .map(({ scope }) => scope),
    ).toEqual(['', 'B.', 'B.#d', 'e']);
  });
});

describe('a probe', () => {
  it('notes each function that runs, and changes no result', () => {
    const hits = new Set<string>();
    const code = withProbes(
      'code.js',
      `class A { b() { return [1].map((x) => { return x + this.c(1); })[0]; } c(n) { return n; } d() {} }
       const e = (n) => ({ n });
       const result = e(new A().b()).n;`,
    );
    const program = `${code} result;`;
    expect(runInNewContext(program, { __mutationHits: hits })).toBe(2);
    expect([...hits].sort()).toEqual(['code.js|', 'code.js|A.b', 'code.js|A.c', 'code.js|e']);
  });
});
