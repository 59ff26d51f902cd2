import { list, nameParts, nodeOf } from 'nestjs-backfill-sql/tree';
import { conjunctsOf, isColumnOf } from './statement-tree.js';
import type { RowRelation } from './row-references.js';
import { isNeverNull, literalOf } from './values.js';

/** A condition on one column of the row, as a part of a WHERE. */
interface ColumnTest {
  readonly column: string;
  /** Whether a literal satisfies it; undefined if that is not certain. */
  readonly accepts: (literal: string | null) => boolean | undefined;
  /** The only literals that satisfy it; missing if there are others. */
  readonly values?: readonly (string | null)[];
}

export interface GuardScope {
  readonly row: RowRelation;
  /** No other relation is in scope, so a name without a qualifier is a column of the row. */
  readonly isAlone: boolean;
}

/** The values that a pending row must have, by column. */
export function guardsOf(
  where: unknown,
  columns: readonly string[],
  scope: GuardScope,
): ReadonlyMap<string, readonly (string | null)[]> {
  const guards = new Map<string, readonly (string | null)[]>();
  for (const test of testsOf(where, columns, scope)) if (test.values) guards.set(test.column, test.values);
  return guards;
}

/**
 * Whether the statement's own WHERE is certainly false for a row that the statement has changed: it then needs
 * no other pending predicate.
 */
export function becomesFalse(
  where: unknown,
  assigned: ReadonlyMap<string, unknown>,
  scope: GuardScope,
): boolean {
  return testsOf(where, [...assigned.keys()], scope).some(({ column, accepts, values }) => {
    const value = assigned.get(column);
    const literal = literalOf(value);
    if (literal !== undefined) return accepts(literal) === false;
    return values?.length === 1 && values[0] === null && isNeverNull(value);
  });
}

function testsOf(where: unknown, columns: readonly string[], scope: GuardScope): readonly ColumnTest[] {
  return conjunctsOf(where).flatMap((condition) =>
    columns.flatMap((column) => testOf(condition, column, scope) ?? []),
  );
}

function testOf(condition: unknown, column: string, scope: GuardScope): ColumnTest | undefined {
  const isColumn = (tree: unknown): boolean => isColumnOf(tree, column, scope);
  const nullTest = nodeOf(condition, 'NullTest');
  if (nullTest && isColumn(nullTest['arg'])) {
    const isNull = nullTest['nulltesttype'] === 'IS_NULL';
    const accepts = (literal: string | null): boolean => (literal === null) === isNull;
    return isNull ? { column, accepts, values: [null] } : { column, accepts };
  }
  const truth = truthTest(condition, isColumn);
  if (truth) return { column, ...truth };
  const comparison = nodeOf(condition, 'A_Expr');
  if (!comparison || !isColumn(comparison['lexpr'])) return undefined;
  const operator = nameParts(comparison['name']).join('');
  return comparisonTest(column, operator, { kind: comparison['kind'], right: comparison['rexpr'] });
}

type Truth = Pick<ColumnTest, 'accepts' | 'values'>;

/** `active`, `NOT active`, `active IS TRUE`, … */
function truthTest(condition: unknown, isColumn: (tree: unknown) => boolean): Truth | undefined {
  const only = (value: string): Truth => ({ accepts: (literal) => literal === value, values: [value] });
  if (isColumn(condition)) return only('true');
  const bool = nodeOf(condition, 'BoolExpr');
  if (bool?.['boolop'] === 'NOT_EXPR' && isColumn(list(bool['args'])[0])) return only('false');
  const test = nodeOf(condition, 'BooleanTest');
  if (!test || !isColumn(test['arg'])) return undefined;
  switch (test['booltesttype']) {
    case 'IS_TRUE':
      return only('true');
    case 'IS_FALSE':
      return only('false');
    case 'IS_NOT_TRUE':
      return { accepts: (literal) => literal !== 'true', values: ['false', null] };
    case 'IS_NOT_FALSE':
      return { accepts: (literal) => literal !== 'false', values: ['true', null] };
    default:
      return undefined;
  }
}

function comparisonTest(
  column: string,
  operator: string,
  { kind, right }: { readonly kind: unknown; readonly right: unknown },
): ColumnTest | undefined {
  if (kind === 'AEXPR_IN' && operator === '=') {
    const values = list(right).map(literalOf);
    if (values.some((value) => typeof value !== 'string')) return undefined;
    const literals = values as readonly string[];
    return { column, values: literals, accepts: (literal) => literal !== null && literals.includes(literal) };
  }
  const value = literalOf(right);
  if (typeof value !== 'string') return undefined;
  if (kind === 'AEXPR_DISTINCT') return { column, accepts: (literal) => literal !== value };
  if (kind !== 'AEXPR_OP') return undefined;
  if (operator === '=') return { column, values: [value], accepts: (literal) => literal === value };
  if (operator === '<>') return { column, accepts: (literal) => literal !== null && literal !== value };
  return { column, accepts: (literal) => compares(literal, operator, value) };
}

function compares(literal: string | null, operator: string, value: string): boolean | undefined {
  const [left, right] = [Number(literal), Number(value)];
  if (literal === null || Number.isNaN(left) || Number.isNaN(right))
    return literal === null ? false : undefined;
  switch (operator) {
    case '<':
      return left < right;
    case '>':
      return left > right;
    case '<=':
      return left <= right;
    case '>=':
      return left >= right;
    default:
      return undefined;
  }
}
