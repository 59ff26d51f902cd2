import type { DataSource, ObjectLiteral } from 'typeorm';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { messageOf } from '../../../postgres/error-classes.js';
import { escapedLiteral } from '../../../postgres/identifiers.js';
import { toText } from '../../../postgres/text-format.js';
import { replacePlaceholders, sqlPieces } from '../../../text/sql-pieces.js';
import type { PendingPredicate } from '../../declare/backfill.options.js';
import { InvalidPredicateError } from '../../declare/errors/predicate.error.js';
import { columnOfRow, type ColumnFinder } from '../columns.js';
import { ROW, type CompiledPredicate } from '../definition.js';
import { checkConditions } from './condition.checker.js';

const EXAMPLE =
  'Write e.g. `where: { searchName: IsNull() }`, or SQL: `where: (row) => `${row.searchName} IS NULL``.';

/** @throws InvalidPredicateError, UnknownColumnError */
export function compilePredicate(
  where: PendingPredicate<Record<string, unknown>>,
  columns: ColumnFinder,
  dataSource: DataSource,
): CompiledPredicate {
  if (typeof where === 'string') return fromSql(where, columns);
  if (typeof where === 'function') return fromSql(where(columns.row('where')), columns);
  if (typeof where === 'object' && where !== null) return fromConditions(where, columns, dataSource);
  throw new InvalidPredicateError(columns.className, `is ${String(where)}`, EXAMPLE);
}

function fromSql(sql: unknown, { className, metadata }: ColumnFinder): CompiledPredicate {
  if (typeof sql !== 'string') throw new InvalidPredicateError(className, `returned ${String(sql)}`, EXAMPLE);
  const trimmed = sql.trim().replace(/;$/, '').trim();
  if (trimmed === '') throw new InvalidPredicateError(className, 'is empty', EXAMPLE);
  const own = ownRows(metadata);
  return {
    // The parenthesis closes on a new line, so that a comment at the end of the SQL does not include it.
    sql: own === null ? `(${trimmed}\n)` : `((${trimmed}\n) AND ${own})`,
    parameters: [],
    text: trimmed,
  };
}

/**
 * With single-table inheritance: the condition for the rows of this entity and its children; null if all rows
 * of the table belong to it. TypeORM itself adds this condition to its own conditions.
 */
export function ownRows(metadata: EntityMetadata): string | null {
  const { discriminatorColumn, parentEntityMetadata, childEntityMetadatas } = metadata;
  if (!discriminatorColumn || !(parentEntityMetadata as EntityMetadata | undefined)) return null;
  const values = [metadata, ...childEntityMetadatas].flatMap(({ discriminatorValue }) =>
    discriminatorValue === undefined ? [] : [escapedLiteral(discriminatorValue)],
  );
  // Not IN: its `=` for two values of `character varying` is an operator that anybody may create in `public`.
  const column = columnOfRow(discriminatorColumn);
  return `(${values.map((value) => `${column} OPERATOR(pg_catalog.=) ${value}`).join(' OR ')})`;
}

function fromConditions(
  where: ObjectLiteral | ObjectLiteral[],
  columns: ColumnFinder,
  dataSource: DataSource,
): CompiledPredicate {
  const alternatives: ObjectLiteral[] = Array.isArray(where) ? (where as ObjectLiteral[]) : [where];
  if (alternatives.length === 0 || alternatives.some((each) => Object.keys(each).length === 0)) {
    throw new InvalidPredicateError(
      columns.className,
      'has no condition, so every row would always be pending',
      EXAMPLE,
    );
  }
  for (const conditions of alternatives) checkConditions(columns, conditions);
  const [query, values] = queryFor(where, columns, dataSource);
  const { sql, parameters } = listsAsArrays(query.slice(query.indexOf(WHERE) + WHERE.length), values);
  if (parameters.length > MAX_PARAMETERS)
    throw new InvalidPredicateError(
      columns.className,
      `has ${parameters.length} parameters, but one statement of PostgreSQL has at most 65535`,
      'Pass the values as one array: `Raw((column) => `${column} = ANY(:values)`, { values: […] })`, or write them to a table and compare with a subquery.',
    );
  return { sql: `(${sql})`, parameters: parameters.map(toText), text: sql };
}

/** PostgreSQL counts the parameters of a statement in 16 bits. The statements of a batch have their own, too. */
const MAX_PARAMETERS = 65_000;
/** A shorter list stays as TypeORM writes it. */
const MIN_ARRAY_LENGTH = 100;
/** With the capturing group, `split` also returns the lists, at the odd positions. */
const LIST = /(?<!NOT )\b(IN ?\(\$\d+(?:, ?\$\d+)*\))/;

/**
 * Sends each long list, e.g. of `In([…])`, as one array: `IN ($1, $2, …)` becomes `= ANY($1)`. Without such a list,
 * the SQL stays exactly as TypeORM writes it.
 */
function listsAsArrays(sql: string, values: readonly unknown[]): { sql: string; parameters: unknown[] } {
  const pieces = sqlPieces(sql);
  const code = pieces.filter(({ kind }) => kind === 'code');
  if (!code.some(({ text }) => text.split(LIST).some(isLongList))) return { sql, parameters: [...values] };
  const parameters: unknown[] = [];
  const positions = new Map<number, string>();
  const add = (value: unknown): string => `$${parameters.push(value)}`;
  const single = (position: number): string => {
    const known = positions.get(position) ?? add(values[position - 1]);
    positions.set(position, known);
    return known;
  };
  const rewrite = (part: string, at: number): string =>
    isLongList(part, at)
      ? `= ANY(${add(placeholdersOf(part).map((each) => values[Number(each.slice(1)) - 1]))})`
      : replacePlaceholders(part, single);
  const rewritten = pieces.map(({ text, kind }) =>
    kind === 'code' ? text.split(LIST).map(rewrite).join('') : text,
  );
  return { sql: rewritten.join(''), parameters };
}

function isLongList(part: string, at: number): boolean {
  return at % 2 === 1 && placeholdersOf(part).length >= MIN_ARRAY_LENGTH;
}

function placeholdersOf(list: string): string[] {
  return list.match(/\$\d+/g) ?? [];
}

const WHERE = `${ROW} WHERE `;

/** Builds a query with these conditions. Returns TypeORM's SQL and its parameters. */
function queryFor(
  where: ObjectLiteral | ObjectLiteral[],
  { className, metadata }: ColumnFinder,
  dataSource: DataSource,
): [string, unknown[]] {
  try {
    return (
      dataSource
        .createQueryBuilder()
        .select('1')
        .from(metadata.target, 'this_row')
        // The backfill changes soft-deleted rows too: a column that becomes NOT NULL includes them.
        .withDeleted()
        .where(where)
        .getQueryAndParameters() as [string, unknown[]]
    );
  } catch (error) {
    throw new InvalidPredicateError(
      className,
      `cannot be turned into SQL: ${messageOf(error)}`,
      `Use the columns of ${metadata.name} itself; write conditions on other tables in SQL: \`where: (row) => …\`.`,
      error,
    );
  }
}
