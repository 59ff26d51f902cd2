import { list, nameParts, nodeOf } from 'nestjs-backfill-sql/tree';
import type { JoinItem } from './join-items.js';
import { NotMovableError } from '../not-movable.error.js';
import { conjunctsOf, kindName, relationOf } from '../statement-tree.js';

/**
 * Asserts that each joined table can give one row for a row: an equality names a column of it. Otherwise a row
 * becomes as many rows as the table has, and a backfill writes one.
 *
 * @throws {NotMovableError}
 */
export function assertLinked(others: readonly JoinItem[], conditions: readonly unknown[]): void {
  const equalities = conditions.flatMap((condition) => conjunctsOf(condition)).filter(isEquality);
  const qualifiers = new Set(equalities.flatMap((equality) => columnQualifiers(equality)));
  for (const { node, piece } of others) {
    if (kindName(list(piece.tree)[0]) !== 'RangeVar') continue;
    const { alias, name } = relationOf(node);
    // A column without a qualifier can be of any table.
    if (!qualifiers.has(alias ?? name) && !qualifiers.has(''))
      throw new NotMovableError(
        `no equality names a column of ${name}, so one row becomes several. Write an INSERT for each of them`,
      );
  }
}

function isEquality(condition: unknown): boolean {
  const comparison = nodeOf(condition, 'A_Expr');
  return comparison?.['kind'] === 'AEXPR_OP' && nameParts(comparison['name']).join('') === '=';
}

/** The qualifier of each side that is a column; empty for a column without one. */
function columnQualifiers(condition: unknown): readonly string[] {
  const comparison = nodeOf(condition, 'A_Expr');
  return [comparison?.['lexpr'], comparison?.['rexpr']].flatMap((side) => {
    const column = nodeOf(side, 'ColumnRef');
    return column ? [nameParts(column['fields']).at(-2) ?? ''] : [];
  });
}
