import { FindOperator, type ObjectLiteral } from 'typeorm';
import { InvalidPredicateError } from '../../declare/errors/predicate.error.js';
import type { ColumnFinder } from '../columns.js';

/**
 * Refuses conditions without a value. TypeORM ignores a condition with the value `undefined`, so every row
 * would be pending. A comparison with NULL or with an empty list matches no row, so the backfill would
 * wrongly be reported as complete.
 *
 * @param path of the object that holds the conditions, e.g. `address.`
 * @throws InvalidPredicateError, UnknownColumnError
 */
export function checkConditions(columns: ColumnFinder, conditions: ObjectLiteral, path = ''): void {
  const { className, metadata } = columns;
  for (const [property, value] of Object.entries(conditions) as [string, unknown][]) {
    const name = `${path}${property}`;
    const missing = missingValue(value);
    if (missing !== null) {
      throw new InvalidPredicateError(
        className,
        `has ${missing} for "${name}"`,
        'For SQL NULL write IsNull(); a condition without a value would match every row, or none.',
      );
    }
    // TypeORM checks conditions on related rows itself.
    if (metadata.findRelationWithPropertyPath(name)) continue;
    if (isPlain(value) && !metadata.findColumnWithPropertyPath(name)) {
      checkConditions(columns, value, `${name}.`);
    } else columns.find('where', name);
  }
}

/** Operators with a condition or value per element of a list; the others take a list as one value. */
const LIST_OPERATORS: ReadonlySet<string> = new Set(['in', 'any', 'between', 'and', 'or']);

/** The missing value in words, e.g. `undefined`; null when nothing is missing. */
function missingValue(value: unknown): string | null {
  if (value === undefined || value === null) return String(value);
  if (value instanceof Date && Number.isNaN(value.getTime())) return 'an invalid date';
  if (!(value instanceof FindOperator) || value.type === 'isNull' || value.type === 'raw') return null;
  const operand: unknown = value.child ?? value.value;
  if (!Array.isArray(operand) || !LIST_OPERATORS.has(value.type)) return missingValue(operand);
  if (operand.length === 0) return `an empty list in ${value.type}`;
  return operand.map(missingValue).find((missing) => missing !== null) ?? null;
}

function isPlain(value: unknown): value is ObjectLiteral {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
