import type { DataFinding } from 'nestjs-backfill-sql';
import type { Draft, Proposal } from '../proposal.types.js';
import { joinedTables, toRowReferences } from '../row-references.js';
import { backfillClass, propertyOf, template } from './backfill-class.js';
import { type Assignment, type Join, pendingPredicate } from './pending-predicate.js';
import { processProposal } from './process.proposal.js';

const REPEAT_WARNING =
  '  // The expression reads the column that it writes, so a second run changes the value again.\n' +
  '  // Add a column that marks the finished rows.';

/** A set backfill for UPDATE. */
export function setProposal(draft: Draft, sql: DataFinding): Proposal {
  const columns = sql.set.filter(({ expression }) => expression !== '');
  if (columns.length === 0) return processProposal(draft);
  const join = {
    tables: joinedTables(sql),
    condition: sql.where && toRowReferences(sql.where.text, sql),
  };
  const assignments = columns.map(({ column, expression }) => ({
    column,
    expression: valueOf(toRowReferences(expression, sql), join),
  }));
  const properties = assignments.map(
    ({ column, expression }) => `      ${propertyOf(draft, column)}: ${template(expression)},`,
  );
  return backfillClass(draft, {
    kind: 'set',
    suffix: columns.map(({ column }) => column),
    options: [`  where: ${template(pendingPredicate(sql, assignments, join))},`],
    implemented: `SetBackfill<${draft.entity}>`,
    body: [
      ...(sql.set.some(readsItself) ? [REPEAT_WARNING] : []),
      '  set() {',
      '    return {',
      ...properties,
      '    };',
      '  }',
    ],
    types: ['SetBackfill'],
  });
}

/** The expression itself, or a correlated subquery for UPDATE … FROM. */
function valueOf(expression: string, { tables, condition }: Join): string {
  if (tables === undefined) return expression;
  return `(SELECT ${expression} FROM ${tables}${condition === undefined ? '' : ` WHERE ${condition}`} LIMIT 1)`;
}

function readsItself({ column, expression }: Assignment): boolean {
  return new RegExp(`(?<![\\w.'])"?${column}"?(?![\\w(])`).test(expression);
}
