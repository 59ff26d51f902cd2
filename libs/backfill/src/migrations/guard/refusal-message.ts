import type { DataFinding } from 'nestjs-backfill-sql';
import { suggestBackfill } from './backfill-suggestion.js';
import type { Refusal, RefusalCause } from './refusal.js';

/** What the error says, and what to do instead. */
export interface RefusalWording {
  readonly what: string;
  readonly remedy: string;
}

/** In the order: what, where, why, what to do instead, with code to paste. */
export function wordRefusal(refusal: Refusal): RefusalWording {
  const { migration, direction, position, cause } = refusal;
  return {
    what: [
      `${migration}.${direction}() ${headline(cause)} It was stopped before it was sent.`,
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
      return `runs SQL whose effect cannot be told: ${cause.unknown.detail}.`;
    case 'blinding':
      return `changes the setting ${cause.setting}, which the guard relies on.`;
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
    return `${rule}${through}${dynamic ? ', put together at run time' : ''}`;
  }
  return cause.kind === 'undecidable' || cause.kind === 'unwitnessed' ? cause.unknown.kind : cause.kind;
}

const LOCKS =
  'a migration keeps every lock until it commits, and a change of rows makes it scan, write and hold row locks for as long as ' +
  'the table is large. On a busy table it runs into lock_timeout, and takes the deployment down with it.';

function why(cause: RefusalCause): string {
  switch (cause.kind) {
    case 'data':
      return unbounded(cause.finding) + LOCKS;
    case 'blinding':
      return 'with it the SQL would be read otherwise than here, or the rows written would not be counted.';
    case 'late':
      return 'its effect would land outside of the transaction, or in the next migration.';
    case 'unwitnessed':
      return 'what it wrote could not be rolled back.';
    default:
      return 'what cannot be read may change rows, and nobody would know before it runs in production.';
  }
}

function unbounded({ operation, where }: DataFinding): string {
  if (operation !== 'update' && operation !== 'delete') return '';
  if (!where) return 'it has no WHERE and touches every row; ';
  if (where.tautology) return 'its WHERE is always true and touches every row; ';
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
        '  3. What must come after the data (NOT NULL, a dropped column): a later migration with static readonly requires = [name].',
        '',
        '  Where the rows are few and the change must stay here, exempt it by name:',
        `      static readonly allowsData = { reason: '…', tables: ['${cause.finding.table ? tableName(cause.finding) : '…'}'] };`,
      ].join('\n');
    case 'unreadable':
      return 'Correct the SQL. Where PostgreSQL accepts it and this parser does not, please report it; until then list the migration as grandfathered.';
    case 'blinding':
      return 'Leave the setting alone in migrations.';
    case 'late':
      return 'Await every statement inside up() and down(); replace forEach(async …) by for … of with await.';
    case 'unwitnessed':
      return 'Leave COMMIT and ROLLBACK out of it, or write its statements into the migration one by one.';
    case 'undecidable':
      return 'Write the statements into the migration one by one; move what changes rows into a backfill.';
  }
}

function alreadyCommitted(committed: readonly string[]): readonly string[] {
  if (committed.length === 0) return [];
  return [
    '',
    'This migration does not run in a transaction. Already committed, and not undone:',
    ...committed.map((sql) => indent(shorten(sql, 160))),
  ];
}

export function tableName({ table }: DataFinding): string {
  if (!table) return '';
  return table.schema === undefined ? table.name : `${table.schema}.${table.name}`;
}

function shorten(sql: string, most = 600): string {
  return sql.length > most ? `${sql.slice(0, most)} …` : sql;
}

function indent(text: string): string {
  return text.replace(/^/gm, '    ');
}
