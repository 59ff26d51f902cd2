import type { DataFinding } from 'nestjs-backfill-sql';
import { suggestBackfill } from './backfill-suggestion.js';
import type { Refusal, RefusalCause } from './refusal.js';

/** The message of the error, and its remedy. */
export interface RefusalText {
  readonly problem: string;
  readonly remedy: string;
}

/**
 * Builds the message in this order: the problem, the statement and its position, the reason, and the remedy
 * with code to paste.
 */
export function describeRefusal(refusal: Refusal): RefusalText {
  const { migration, direction, position, cause, subject = `${migration}.${direction}()` } = refusal;
  return {
    problem: [
      `${subject} ${headline(cause)} The statement was not sent.`,
      '',
      indent(shorten(refusal.sql)),
      `    at line ${position.line}, column ${position.column} of the query`,
      `    rule: ${ruleOf(cause)}`,
      '',
      `Why: ${why(cause)}`,
      ...alreadyCommitted(refusal.committed),
    ].join('\n'),
    remedy: remedyOf(refusal),
  };
}

function headline(cause: RefusalCause): string {
  switch (cause.kind) {
    case 'data':
      return `changes rows${cause.finding.table ? ` of ${tableName(cause.finding)}` : ''}.`;
    case 'unreadable':
      return `runs SQL that PostgreSQL's parser does not accept: ${cause.failure.message}.`;
    case 'undecidable':
      return `runs SQL whose effect is unknown: ${cause.unknown.detail}.`;
    case 'blinding':
      return `changes the setting ${cause.setting}, which the guard needs.`;
    case 'late':
      return 'sends a statement after it has ended: a promise was not awaited.';
    case 'unwitnessed':
      return `runs SQL that commits by itself and cannot be read: ${cause.unknown.detail}.`;
  }
}

function ruleOf(cause: RefusalCause): string {
  if (cause.kind === 'data') {
    const { rule, operation, via, dynamic } = cause.finding;
    const through = via.length > 0 ? ` (${operation} in ${via.join(' → ')})` : '';
    return `${rule}${through}${dynamic ? ', built at run time' : ''}`;
  }
  return cause.kind === 'undecidable' || cause.kind === 'unwitnessed' ? cause.unknown.kind : cause.kind;
}

const LOCKS =
  'a migration keeps every lock until it commits. A data change holds row locks for as long as it scans and writes the table. ' +
  'On a busy table it fails with lock_timeout and stops the deployment.';

function why(cause: RefusalCause): string {
  switch (cause.kind) {
    case 'data':
      return unbounded(cause.finding) + LOCKS;
    case 'blinding':
      return 'with this setting PostgreSQL would parse the SQL differently, or would not count the written rows.';
    case 'late':
      return 'it would run outside the transaction, or in the next migration.';
    case 'unwitnessed':
      return 'rows that it writes could not be rolled back.';
    default:
      return 'SQL that the guard cannot read may change rows, and this would be noticed only in production.';
  }
}

function unbounded({ operation, where }: DataFinding): string {
  if (operation !== 'update' && operation !== 'delete') return '';
  if (!where) return 'it has no WHERE and changes every row; ';
  if (where.tautology) return 'its WHERE is always true and changes every row; ';
  if (where.joinOnly) return 'its WHERE is only a join condition; ';
  if (where.onlyNullColumns.length > 0)
    return `right after ADD COLUMN, ${where.onlyNullColumns.join(', ')} IS NULL is every row; `;
  return '';
}

function remedyOf({ cause, entity }: Refusal): string {
  switch (cause.kind) {
    case 'data':
      return [
        'Keep the schema change here and move the data into a backfill, which runs in small committed batches:',
        '',
        indent(suggestBackfill(cause.finding, entity)),
        '',
        '  1. Put the class into src/backfills/ and its module’s providers.',
        '  2. Remove the statement from this migration.',
        '  3. Put changes that need the data (NOT NULL, a dropped column) into a later migration with static readonly requires = [name].',
        '',
        '  If the rows are few and the change must stay here, exempt the table:',
        `      static readonly allowsData = { reason: '…', tables: ['${cause.finding.table ? tableName(cause.finding) : '…'}'] };`,
      ].join('\n');
    case 'unreadable':
      return 'Correct the SQL. If PostgreSQL accepts it, please report this as a bug; until it is fixed, list the migration as grandfathered.';
    case 'blinding':
      return 'Do not change this setting in migrations.';
    case 'late':
      return 'Await every statement in up() and down(); replace forEach(async …) with for … of and await.';
    case 'unwitnessed':
      return 'Remove COMMIT and ROLLBACK from it, or write its statements into the migration one by one.';
    case 'undecidable':
      return 'Write the statements into the migration one by one; move data changes into a backfill.';
  }
}

function alreadyCommitted(committed: readonly string[]): readonly string[] {
  if (committed.length === 0) return [];
  return [
    '',
    'This migration does not run in a transaction. Already committed and not undone:',
    ...committed.map((sql) => indent(shorten(sql, 160))),
  ];
}

export function tableName({ table }: DataFinding): string {
  if (!table) return '';
  return table.schema === undefined ? table.name : `${table.schema}.${table.name}`;
}

function shorten(sql: string, maxLength = 600): string {
  return sql.length > maxLength ? `${sql.slice(0, maxLength)} …` : sql;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
