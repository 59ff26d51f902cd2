import { canonicalSql } from '../../libs/backfill/src/ledger/proof/canonical-sql.ts';

const CASES: readonly (readonly [sql: string, canonical: string, parameters?: readonly (string | null)[]])[] =
  [
    ['a = 1', 'a = 1'],
    ['  A  =\n1 -- why\n/* because */', 'a = 1'],
    ['"a" = 1', 'a = 1'],
    ['"A" = 1', '"A" = 1'],
    ['"a b" = 1', '"a b" = 1'],
    ['"2a" = 1', '"2a" = 1'],
    ['a=1.5e3', 'a = 1.5e3'],
    [`a = 'X y'`, `a = 'X y'`],
    [`a = 'it''s'`, `a = 'it''s'`],
    [`a::TEXT <> $$b$$`, `a : : text < > $$b$$`],
    ['a = $1 AND b = $2', `a = 'x' and b = null`, ['x', null]],
    ['a = $2', 'a = null', ['x']],
    ['a = $10', `a = 'j'`, [...'abcdefghij']],
    ['a = $1', `a = 'it''s'`, [`it's`]],
    ['größe > 1', 'größe > 1'],
    ['a$b = 1', 'a$b = 1'],
    ['a IN (2, 1, 2)', 'a = any ( {1,2} )'],
    [`a IN ('y', 'x')`, `a = any ( '{"x","y"}' )`],
    [`a NOT IN (2, 1)`, `a not = any ( {1,2} )`],
    [`a IN (2, 'x')`, `a = any ( {'x',2} )`],
    ['a IN ($2, $1) AND b = 3', `a = any ( '{"p","q"}' ) and b = 3`, ['p', 'q']],
    ['a IN (SELECT b FROM c)', 'a in ( select b from c )'],
    ['a IN (2, b)', 'a in ( 2 , b )'],
    ['a IN (2', 'a in ( 2'],
    ['f(2, 1)', 'f ( 2 , 1 )'],
    ['a = ANY ($1)', `a = any ( '{"x","y"}' )`, ['{"y","x","y"}']],
    ['a = ANY ($1)', `a = any ( '{1,2}' )`, ['{2,1}']],
    [`a = ANY ('{2,1}')`, `a = any ( '{1,2}' )`],
    [`a = '{}'`, `a = '{}'`],
    [`a = '{"x": 1, "b": {}}'`, `a = '{"x": 1, "b": {}}'`],
    [`a = '{"y\\"z","x"}'`, `a = '{"x","y\\"z"}'`],
  ];

describe('the canonical form of a condition', () => {
  it.each(CASES.map(([sql, canonical, parameters = []]) => ({ sql, canonical, parameters })))(
    'of $sql is $canonical',
    ({ sql, canonical, parameters }) => expect(canonicalSql(sql, parameters)).toBe(canonical),
  );
});
