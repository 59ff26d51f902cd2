import type { ColumnMetadata } from 'typeorm/metadata/ColumnMetadata.js';
import { InvalidBackfillOptionError } from '../../../options/option.error.js';
import { quoteIdentifier } from '../../../postgres/identifiers.js';
import type { ColumnFinder } from '../columns.js';
import type { Assignment } from '../definition.js';

/** An assignment, and the column of the entity that it sets. */
export interface CompiledAssignment extends Assignment {
  readonly target: ColumnMetadata;
}

/**
 * Compiles the expressions that `set()` or `copy()` returned.
 *
 * @param columns of the entity that is written
 * @param method `set()` or `copy()`
 * @throws InvalidBackfillOptionError, UnknownColumnError
 */
export function compileAssignments(
  columns: ColumnFinder,
  method: string,
  expressions: object | undefined,
): CompiledAssignment[] {
  const { className } = columns;
  const entries = Object.entries(expressions ?? {}) as [string, unknown][];
  if (entries.length === 0) {
    throw new InvalidBackfillOptionError(
      className,
      method,
      'returned no column',
      `Return SQL expressions by property, e.g. \`{ searchName: "lower(name)" }\`.`,
    );
  }
  return entries.map(([property, expression]) => {
    const target = columns.find(method, property);
    if (typeof expression !== 'string' || expression.trim() === '') {
      throw new InvalidBackfillOptionError(
        className,
        method,
        `returned ${JSON.stringify(expression)} for "${property}"`,
        'Return an SQL expression as a string; quote a constant text for SQL: `"\'none\'"`.',
      );
    }
    return { target, column: quoteIdentifier(target.databaseName), expression: `(${expression}\n)` };
  });
}
