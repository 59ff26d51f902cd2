import { isObject, list, nameParts, nodeOf, type Json } from 'nestjs-backfill-sql/tree';
import { fragment, isSameTree, type Fragment } from './fragment.js';
import { JoinedQuery } from './joins/joined-query.js';
import type { MovedDelete, StatementContext } from './movable.types.js';
import { NotMovableError } from './not-movable.error.js';
import { StatementText } from './statement-text.js';
import {
  assertWithChildren,
  columnsIn,
  conjunctsOf,
  lastPart,
  queriesOf,
  relationOf,
  tablesIn,
} from './statement-tree.js';
import { assertSameInBatches, volatileNotes } from './volatile-notes.js';

/** Reads a DELETE. @throws {NotMovableError} */
export function readDelete(sql: string, remove: Json, { parser }: StatementContext): MovedDelete {
  const range = isObject(remove['relation']) ? remove['relation'] : {};
  assertWithChildren(range);
  const row = relationOf(range);
  const condition = [remove['whereClause'], remove['usingClause'], remove['withClause']];
  assertSameInBatches(remove, condition);
  assertIndependent(remove, row.name);
  const tokens = new StatementText(parser, sql);
  const at = (word: string, from: number): number => tokens.find(from, (token) => token.word === word);
  const start = at('delete', 0);
  const end = at('returning', start);
  const where = Math.min(at('where', start), end);
  const using = Math.min(at('using', start), where);
  const clause = (kind: Fragment['kind'], [first, last]: readonly [number, number], tree: unknown) =>
    tree === undefined ? undefined : fragment(parser, kind, { text: tokens.slice(first, last), tree });
  const query = new JoinedQuery(parser, row, {
    with: clause('with', [0, start], remove['withClause']),
    from: clause('from', [using + 1, where], remove['usingClause']),
    where: clause('where', [where + 1, end], remove['whereClause']),
  });
  return {
    kind: 'purge',
    row,
    where: query.exists([]),
    sources: tablesIn([remove['usingClause'], remove['whereClause'], remove['withClause']]),
    columns: columnsIn(remove),
    notes: [...(remove['whereClause'] === undefined ? [ALL_ROWS] : []), ...volatileNotes([], condition)],
  };
}

const ALL_ROWS = 'it deletes every row, also those that are inserted until it is complete';

/** Reads a TRUNCATE of one table. @throws {NotMovableError} */
export function readTruncate(truncate: Json): MovedDelete {
  const [range, ...others] = list(truncate['relations']).map(
    (relation) => nodeOf(relation, 'RangeVar') ?? {},
  );
  if (!range || others.length > 0)
    throw new NotMovableError('it empties several tables; write one TRUNCATE for each');
  if (truncate['restart_seqs'] === true) throw new NotMovableError('RESTART IDENTITY also resets sequences');
  if (truncate['behavior'] === 'DROP_CASCADE')
    throw new NotMovableError('CASCADE also empties the tables that refer to it');
  assertWithChildren(range);
  return {
    kind: 'purge',
    row: relationOf(range),
    where: 'true',
    sources: [],
    columns: new Set(),
    notes: [ALL_ROWS, 'DELETE fires triggers that TRUNCATE does not fire'],
  };
}

/**
 * Refuses a DELETE whose later batches would see what its earlier batches deleted. The removal of duplicates
 * by a self-join is safe: it keeps the first or last row of each group, whatever is deleted before.
 *
 * @throws {NotMovableError}
 */
function assertIndependent(remove: Json, table: string): void {
  const using = list(remove['usingClause']);
  if (!tablesIn(using).includes(table) && queriesOf(remove, table).length === 0) return;
  if (using.length === 1 && queriesOf(remove, table).length === 0 && isDeduplication(remove)) return;
  throw new NotMovableError(
    `its condition reads ${table}, from which it deletes: later batches would see fewer rows`,
  );
}

/** `a.id < b.id AND a.email = b.email AND …`: exactly one order, and equality for all other columns. */
function isDeduplication(remove: Json): boolean {
  const conditions = conjunctsOf(remove['whereClause']);
  const orders = conditions.filter((condition) => sameColumn(condition, ['<', '>']));
  const equalities = conditions.filter((condition) => isEquality(condition));
  return orders.length === 1 && equalities.length === conditions.length - 1;
}

/** `a.x = b.x`, or `(a.x IS NULL AND b.x IS NULL) OR a.x = b.x`, or `a.x IS NOT DISTINCT FROM b.x`. */
function isEquality(condition: unknown): boolean {
  if (sameColumn(condition, ['='])) return true;
  const alternatives = nodeOf(condition, 'BoolExpr');
  if (alternatives?.['boolop'] !== 'OR_EXPR') return false;
  const args = list(alternatives['args']);
  const equality = args.find((arg) => sameColumn(arg, ['=']));
  const nulls = args.find((arg) => arg !== equality);
  const comparison = nodeOf(equality, 'A_Expr');
  const tested = conjunctsOf(nulls).map((part) => nodeOf(part, 'NullTest'));
  return (
    args.length === 2 &&
    comparison !== undefined &&
    tested.length === 2 &&
    tested.every((test) => test?.['nulltesttype'] === 'IS_NULL') &&
    [comparison['lexpr'], comparison['rexpr']].every((side) =>
      tested.some((test) => isSameTree(test?.['arg'], side)),
    )
  );
}

/** A comparison of the same column of two relations. */
function sameColumn(condition: unknown, operators: readonly string[]): boolean {
  const comparison = nodeOf(condition, 'A_Expr');
  if (!comparison) return false;
  const operator = comparison['kind'] === 'AEXPR_NOT_DISTINCT' ? '=' : nameParts(comparison['name']).join('');
  if (!['AEXPR_OP', 'AEXPR_NOT_DISTINCT'].includes(String(comparison['kind']))) return false;
  const [left, right] = [nodeOf(comparison['lexpr'], 'ColumnRef'), nodeOf(comparison['rexpr'], 'ColumnRef')];
  if (!left || !right || !operators.includes(operator)) return false;
  const [one, other] = [nameParts(left['fields']), nameParts(right['fields'])];
  return one.length === 2 && other.length === 2 && one[0] !== other[0] && lastPart(left) === lastPart(right);
}
