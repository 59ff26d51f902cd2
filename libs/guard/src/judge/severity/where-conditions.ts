import type { DataFinding, WhereShape } from 'nestjs-backfill-sql';
import type { JudgementContext } from './judgement.js';
import { QUALIFIED_NAME } from './sql-names.js';

/** Columns that identify a row. */
const KEY_COLUMN =
  /^(?:id|uuid|guid|key|name|unique_?name|slug|user_?name|e?mail|e?mail_?address|address|iban|domain|host_?name|phone(?:_?number)?|hash|token)$/i;

const KEY_CONDITION =
  /"?\b(?:id|uuid|name|unique_?name|slug|e?mail)"?\s*(?:=\s*|in\s*\(\s*)(?:'(?:[^']|'')*'|-?\d+|\$\d+)/i;

const IS_NOT_NULL = new RegExp(String.raw`^\s*${QUALIFIED_NAME}\s+is\s+not\s+null\s*$`, 'i');

/** @param table its own key may have its name: `district_id` of `districts` */
export function isKeyColumn(column: string, table = ''): boolean {
  if (KEY_COLUMN.test(column)) return true;
  const [, owner] = /^(.+)_(?:id|uuid|guid)$/.exec(words(column)) ?? [];
  const bare = words(table.slice(table.lastIndexOf('.') + 1));
  return owner !== undefined && [owner, `${owner}s`, `${owner}es`, owner.replace(/y$/, 'ies')].includes(bare);
}

function words(name: string): string {
  return name.replace(/([a-z\d])([A-Z])/g, '$1_$2').toLowerCase();
}

/** `id = 1`, `name IN ('a', 'b')`: single rows of the table that the condition identifies. */
export function selectsByKey(where: WhereShape, table: string): boolean {
  const onKeys = where.conjuncts.filter(
    ({ kind, columns }) => kind === 'filter' && columns.length === 1 && isKeyColumn(columns[0] ?? '', table),
  );
  return onKeys.some(({ columns }) => comparesWithConstants(where.text, columns[0] ?? ''));
}

/** `WITH target AS (SELECT … WHERE id = 1 …) UPDATE … FROM target`: the CTE limits the change. */
export function cteSelectsByKey(finding: DataFinding, { ctes, whole }: JudgementContext): boolean {
  const readsCte = finding.sources.some((source) => ctes.has(source.name));
  if (!readsCte && !finding.text.toLowerCase().startsWith('with')) return false;
  const conditions = whole.split(/\bwhere\b/i).slice(1);
  return ctes.size > 0 && conditions.some((condition) => KEY_CONDITION.test(condition));
}

/** Every part is a join condition or `column IS NOT NULL`, which excludes few rows of a column in use. */
export function isWeak({ text, conjuncts }: WhereShape): boolean {
  const parts = text.split(/\band\b/i);
  return (
    parts.length === conjuncts.length &&
    conjuncts.every(
      ({ kind }, index) => kind === 'join' || kind === 'tautology' || IS_NOT_NULL.test(parts[index] ?? ''),
    )
  );
}

function comparesWithConstants(text: string, column: string): boolean {
  const name = `"?${column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"?`;
  const constant = `(?:'(?:[^']|'')*'|-?\\d+|\\$\\d+)(?:::[\\w" ]+)?`;
  const equal = new RegExp(`${name}\\)?\\s*=\\s*${constant}`, 'i');
  const inList = new RegExp(
    `${name}\\)?\\s+in\\s*\\(\\s*${constant}(?:\\s*,\\s*${constant}){0,30}\\s*\\)`,
    'i',
  );
  const equalToQuery = new RegExp(`${name}\\s*=\\s*\\(\\s*select\\b`, 'i');
  return (equal.test(text) || inList.test(text) || equalToQuery.test(text)) && !/\bor\b/i.test(text);
}
