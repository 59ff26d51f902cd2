import type { DataFinding } from 'nestjs-backfill-sql';
import { ROW } from '../row-references.js';

export interface Assignment {
  readonly column: string;
  readonly expression: string;
}

/** The FROM clause of an UPDATE and its WHERE; both can be missing. */
export interface Join {
  readonly tables: string | undefined;
  readonly condition: string | undefined;
}

/** The WHERE of the statement, and a comparison that makes it false for a changed row if the WHERE does not. */
export function pendingPredicate(
  sql: DataFinding,
  assignments: readonly Assignment[],
  { tables, condition }: Join,
): string {
  const isDifferent = assignments
    .map(({ column, expression }) => `${ROW}."${column}" IS DISTINCT FROM ${expression}`)
    .join(' OR ');
  if (tables !== undefined) {
    const exists = `EXISTS (SELECT 1 FROM ${tables}${condition === undefined ? '' : ` WHERE ${condition}`})`;
    return `(${isDifferent}) AND ${exists}`;
  }
  if (condition === undefined || sql.where?.tautology) return isDifferent;
  return becomesFalse(sql) ? condition : `(${condition}) AND (${isDifferent})`;
}

/** A condition of the WHERE only tests a column that the statement sets. */
function becomesFalse({ set, where }: DataFinding): boolean {
  const changed = new Set(set.map(({ column }) => column));
  return (
    where?.conjuncts.some(
      ({ kind, columns }) =>
        (kind === 'is-null' || kind === 'filter') &&
        columns.length === 1 &&
        columns.some((column) => changed.has(column)),
    ) ?? false
  );
}
