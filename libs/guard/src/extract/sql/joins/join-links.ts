import { list, nameParts, nodeOf, visit } from 'nestjs-backfill-sql/tree';
import type { JoinItem } from './join-items.js';
import { NotMovableError } from '../not-movable.error.js';
import type { RowRelation } from '../row-references.js';
import { conjunctsOf, kindName, relationOf } from '../statement-tree.js';

/** What is known about the joins of a query. */
export interface Links {
  /** The relation whose rows are copied. */
  readonly driver: JoinItem;
  readonly others: readonly JoinItem[];
  /** Conditions of the joins and of WHERE. */
  readonly conditions: readonly unknown[];
  /** Lists of columns that identify a row of a relation. */
  readonly keysOf: (relation: RowRelation) => readonly (readonly string[])[];
}

/** `o.email = …`: a column, and what it is equal to. */
interface Equality {
  /** Empty for a column without one, which can be of any relation. */
  readonly qualifier: string;
  readonly column: string;
  readonly qualifiers: readonly string[];
}

/**
 * Asserts that each joined table can give one row for a row: a column of it is equal to one of a relation that does,
 * or the columns of a unique key have a value. Otherwise a row becomes as many rows as the table has, and a backfill
 * writes one.
 *
 * @throws {NotMovableError}
 */
export function assertLinked({ driver, others, conditions, keysOf }: Links): void {
  const equalities = conditions.flatMap((condition) => conjunctsOf(condition)).flatMap(equalitiesOf);
  const isTable = ({ piece }: JoinItem): boolean => kindName(list(piece.tree)[0]) === 'RangeVar';
  const linked = new Set([driver, ...others.filter((item) => !isTable(item))].map(nameOf));
  let missing = others.filter(isTable);
  for (;;) {
    const found = missing.find((item) => isLinked(item, linked) || isOneRow(item));
    if (!found) break;
    linked.add(nameOf(found));
    missing = missing.filter((item) => item !== found);
  }
  const [first] = missing;
  if (first)
    throw new NotMovableError(
      `no equality names a column of ${relationOf(first.node).name} and one of another table, so one row becomes several. Write an INSERT for each of them`,
    );

  function isLinked(item: JoinItem, to: ReadonlySet<string>): boolean {
    return equalities.some(
      ({ qualifier, qualifiers }) =>
        (qualifier === nameOf(item) && qualifiers.some((each) => each === '' || to.has(each))) ||
        (qualifier === '' && qualifiers.some((each) => to.has(each))),
    );
  }

  function isOneRow(item: JoinItem): boolean {
    const own = nameOf(item);
    const fixed = equalities
      .filter(
        ({ qualifier, qualifiers }) =>
          qualifier === own && ![own, ''].some((each) => qualifiers.includes(each)),
      )
      .map(({ column }) => column);
    return keysOf(relationOf(item.node)).some(
      (key) => key.length > 0 && key.every((column) => fixed.includes(column)),
    );
  }
}

function nameOf({ node }: JoinItem): string {
  const { alias, name } = relationOf(node);
  return alias ?? name;
}

function equalitiesOf(condition: unknown): readonly Equality[] {
  const comparison = nodeOf(condition, 'A_Expr');
  if (comparison?.['kind'] !== 'AEXPR_OP' || nameParts(comparison['name']).join('') !== '=') return [];
  const sides = [comparison['lexpr'], comparison['rexpr']];
  return sides.flatMap((side, at) => {
    const names = nameParts(nodeOf(side, 'ColumnRef')?.['fields']);
    const column = names.at(-1);
    if (column === undefined) return [];
    return [{ qualifier: names.at(-2) ?? '', column, qualifiers: qualifiersIn(sides[1 - at]) }];
  });
}

/** The qualifiers of the columns in a value; empty for a column without one that is not of a sub-query. */
function qualifiersIn(value: unknown): readonly string[] {
  const found: string[] = [];
  const inner = new Set<unknown>();
  visit({ value }, (kind, fields) => {
    if (kind === 'SubLink')
      visit({ fields }, (_kind, node) => {
        inner.add(node);
        return true;
      });
    const qualifier = kind === 'ColumnRef' ? nameParts(fields['fields']).at(-2) : undefined;
    if (kind === 'ColumnRef' && (qualifier !== undefined || !inner.has(fields))) found.push(qualifier ?? '');
    return true;
  });
  return found;
}
