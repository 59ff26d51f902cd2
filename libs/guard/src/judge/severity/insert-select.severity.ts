import type { DataFinding, WhereShape } from 'nestjs-backfill-sql';
import { fullName } from '../table-name.js';
import { high, type Judgement, low, medium } from './judgement.js';
import { bareName, QUALIFIED_NAME } from './sql-names.js';
import type { SqlChange } from './sql-change.js';
import { sizeOf } from './table-growth.js';
import { selectsByKey } from './where-conditions.js';

const AGGREGATE =
  /\bselect\b[^]*?\b(?:jsonb?_agg|jsonb?_object_agg|array_agg|string_agg|count|sum|max|min)\s*\(/i;

const READ_TABLE = new RegExp(String.raw`\b(?:from|join)\s+(?:only\s+)?(${QUALIFIED_NAME})`, 'g');

/** The condition may be about any of the tables that the query reads. */
const NO_TABLE = '';

/** The severity of an INSERT … SELECT outside of a loop. */
export function severityOfInsertSelect(change: SqlChange): Judgement {
  const { finding, context } = change;
  if (AGGREGATE.test(finding.text) && !/\bgroup\s+by\b/i.test(finding.text)) return low('it inserts one row');
  const sources = finding.sources.filter(
    (source) =>
      (fullName(source) !== change.table || isRead(source.name, finding.text)) &&
      !context.ctes.has(source.name),
  );
  if (sources.length === 0) return withoutTables(change);
  const growing = sources.map(fullName).filter((source) => sizeOf(source, context.tables) === 'growing');
  return limitedCopy(change, growing) ?? copyOf(finding, growing);
}

/** Whether the query itself reads the table. NOT EXISTS (SELECT … FROM it) only looks for rows that are there already. */
function isRead(table: string, text: string): boolean {
  let query = text.toLowerCase();
  for (let before = ''; before !== query;) [before, query] = [query, query.replace(/\([^()]*\)/g, ' ')];
  const names = [...query.matchAll(READ_TABLE)].map(([, name]) => bareName(name ?? ''));
  return names.includes(table.toLowerCase());
}

function withoutTables({ finding, context }: SqlChange): Judgement {
  return context.ctes.size > 0 && finding.sources.length > 0
    ? medium('it copies rows that a CTE selects')
    : low('it inserts constants');
}

function limitedCopy(
  { finding: { where }, size }: SqlChange,
  growing: readonly string[],
): Judgement | undefined {
  if (where && selectsByKey(where, NO_TABLE)) return low('it copies single rows');
  if (where && size !== 'growing') return low('it copies selected rows into a small table');
  return size !== 'growing' && growing.length === 0
    ? low('it fills a small table from small tables')
    : undefined;
}

function copyOf({ where, text }: DataFinding, growing: readonly string[]): Judgement {
  if (where ? !selectsEveryRow(where) : /\bwhere\b/i.test(text)) return medium('it copies selected rows');
  return growing.length > 0 && !/\blimit\s+\d/i.test(text)
    ? high(`it copies all rows of ${growing.join(', ')}`)
    : medium('it copies a small table');
}

function selectsEveryRow({ tautology, joinOnly }: WhereShape): boolean {
  return tautology || joinOnly;
}
