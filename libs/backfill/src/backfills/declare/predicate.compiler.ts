import type { DataSource, ObjectLiteral } from 'typeorm';
import type { EntityMetadata } from 'typeorm/metadata/EntityMetadata.js';
import { toText } from '../../sql/text-format.js';
import type { PendingPredicate } from './backfill.options.js';
import type { ColumnFinder } from './columns.js';
import { InvalidPredicateError } from './declaration.error.js';
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
  if (typeof where === 'string') return fromSql(className, where);
  if (typeof where === 'function') return fromSql(className, where(columns.row('where')));
  return fromConditions(className, where, metadata, dataSource);
}

function fromSql(className: string, sql: string): CompiledPredicate {
  const trimmed = sql.trim().replace(/;$/, '').trim();
  if (trimmed === '') throw new InvalidPredicateError(className, 'is empty', EXAMPLE);
  // On a line of its own, so that a comment at its end does not swallow what follows.
  return { sql: `(${trimmed}\n)`, parameters: [], text: trimmed };
}

function fromConditions(
  className: string,
  where: ObjectLiteral | ObjectLiteral[],
  metadata: EntityMetadata,
  dataSource: DataSource,
): CompiledPredicate {
  const alternatives: object[] = Array.isArray(where) ? (where as object[]) : [where];
  if (alternatives.length === 0 || alternatives.some((one) => Object.keys(one).length === 0)) {
    throw new InvalidPredicateError(
      className,
      'has no condition, so that every row is pending for ever',
      EXAMPLE,
    );
  }
  for (const one of alternatives) refuseMissingValues(className, one, '');
  let query: string, values: unknown[];
  try {
    [query, values] = dataSource
      .createQueryBuilder()
      .select('1')
      .from(metadata.target, 'this_row')
      // A soft-deleted row is a row: the column that becomes NOT NULL counts it too.
      .withDeleted()
      .where(where)
      .getQueryAndParameters();
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

/** TypeORM reads `undefined` as "no condition", which here would mean every row. */
function refuseMissingValues(className: string, condition: object, path: string): void {
  for (const [property, value] of Object.entries(condition) as [string, unknown][]) {
    const name = `${path}${property}`;
    if (value === undefined || value === null) {
      throw new InvalidPredicateError(
        className,
        `has ${String(value)} for "${name}"`,
        'For SQL NULL write IsNull(); a condition without a value would match every row.',
      );
    }
    if (Object.getPrototypeOf(value) === Object.prototype) {
      refuseMissingValues(className, value, `${name}.`);
    }
  }
}
