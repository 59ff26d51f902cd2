import { FindOperator, type DataSource, type ObjectLiteral } from 'typeorm';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { quoteLiteral } from '../../postgres/identifiers.js';
import { toText } from '../../postgres/text-format.js';
import type { PendingPredicate } from '../declare/backfill.options.js';
import { columnOfRow, type ColumnFinder } from './columns.js';
import { InvalidPredicateError } from '../declare/declaration.error.js';
import { ROW, type CompiledPredicate } from './definition.js';

const EXAMPLE =
  'Write e.g. `where: { searchName: IsNull() }`, or SQL: `where: (row) => `${row.searchName} IS NULL``.';

/** @throws InvalidPredicateError, UnknownColumnError */
export function compilePredicate(
  className: string,
  where: PendingPredicate<Record<string, unknown>>,
  metadata: EntityMetadata,
  dataSource: DataSource,
  columns: ColumnFinder,
): CompiledPredicate {
  if (typeof where === 'string') return fromSql(className, where, metadata);
  if (typeof where === 'function') return fromSql(className, where(columns.row('where')), metadata);
  if (typeof where === 'object' && where !== null)
    return fromConditions(className, where, metadata, dataSource, columns);
  throw new InvalidPredicateError(className, `is ${String(where)}`, EXAMPLE);
}

function fromSql(className: string, sql: unknown, metadata: EntityMetadata): CompiledPredicate {
  if (typeof sql !== 'string') throw new InvalidPredicateError(className, `returned ${String(sql)}`, EXAMPLE);
  const trimmed = sql.trim().replace(/;$/, '').trim();
  if (trimmed === '') throw new InvalidPredicateError(className, 'is empty', EXAMPLE);
  // On a line of its own, so that a comment at its end does not swallow what follows.
  const own = ownRows(metadata);
  return {
    sql: own === null ? `(${trimmed}\n)` : `((${trimmed}\n) AND ${own})`,
    parameters: [],
    text: trimmed,
  };
}

/**
 * Of an entity that shares its table with others (single-table inheritance): which rows are its own, or its children's; null
 * where all are. TypeORM says so in conditions by itself.
 */
export function ownRows(metadata: EntityMetadata): string | null {
  const { discriminatorColumn, parentEntityMetadata, childEntityMetadatas } = metadata;
  if (!discriminatorColumn || !(parentEntityMetadata as EntityMetadata | undefined)) return null;
  const values = [metadata, ...childEntityMetadatas].flatMap(({ discriminatorValue }) =>
    discriminatorValue === undefined ? [] : [quoteLiteral(discriminatorValue)],
  );
  return `${columnOfRow(discriminatorColumn)} IN (${values.join(', ')})`;
}

function fromConditions(
  className: string,
  where: ObjectLiteral | ObjectLiteral[],
  metadata: EntityMetadata,
  dataSource: DataSource,
  columns: ColumnFinder,
): CompiledPredicate {
  const alternatives: ObjectLiteral[] = Array.isArray(where) ? (where as ObjectLiteral[]) : [where];
  if (alternatives.length === 0 || alternatives.some((one) => Object.keys(one).length === 0)) {
    throw new InvalidPredicateError(
      className,
      'has no condition, so that every row is pending for ever',
      EXAMPLE,
    );
  }
  for (const one of alternatives) checkCondition(className, one, '', metadata, columns);
  let query: string, values: unknown[];
  try {
    [query, values] = dataSource
      .createQueryBuilder()
      .select('1')
      .from(metadata.target, 'this_row')
      // A soft-deleted row is a row: the column that becomes NOT NULL counts it too.
      .withDeleted()
      .where(where)
      .getQueryAndParameters() as [string, unknown[]];
  } catch (error) {
    throw new InvalidPredicateError(
      className,
      `cannot be turned into SQL: ${error instanceof Error ? error.message : String(error)}`,
      `Use the columns of ${metadata.name} itself; for conditions on other tables write SQL: \`where: (row) => …\`.`,
      error,
    );
  }
  const start = query.indexOf(`${ROW} WHERE `);
  const sql = query.slice(start + `${ROW} WHERE `.length);
  return { sql: `(${sql})`, parameters: values.map(toText), text: sql };
}

/**
 * TypeORM reads `undefined` as "no condition", which here would mean every row; and a comparison with nothing matches no row,
 * which would pass for complete.
 */
function checkCondition(
  className: string,
  condition: ObjectLiteral,
  path: string,
  metadata: EntityMetadata,
  columns: ColumnFinder,
): void {
  for (const [property, value] of Object.entries(condition) as [string, unknown][]) {
    const name = `${path}${property}`;
    const missing = missingValue(value);
    if (missing !== null) {
      throw new InvalidPredicateError(
        className,
        `has ${missing} for "${name}"`,
        'For SQL NULL write IsNull(); a condition without a value would match every row, or none.',
      );
    }
    // Conditions on related rows are TypeORM's to judge.
    if (metadata.findRelationWithPropertyPath(name)) continue;
    if (isPlain(value) && !metadata.findColumnWithPropertyPath(name)) {
      checkCondition(className, value, `${name}.`, metadata, columns);
    } else columns.find('where', name);
  }
}

/** Operators that are about each element of a list; to the others a list is one value. */
const OF_A_LIST: ReadonlySet<string> = new Set(['in', 'any', 'between', 'and', 'or']);

/** What a condition lacks, in words; null when it lacks nothing. */
function missingValue(value: unknown): string | null {
  if (value === undefined || value === null) return String(value);
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid date';
  if (!(value instanceof FindOperator) || value.type === 'isNull' || value.type === 'raw') return null;
  const operand: unknown = value.child ?? value.value;
  if (!Array.isArray(operand) || !OF_A_LIST.has(value.type)) return missingValue(operand);
  if (operand.length === 0) return `an empty list in ${value.type}`;
  return operand.map(missingValue).find((missing) => missing !== null) ?? null;
}

function isPlain(value: unknown): value is ObjectLiteral {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
