import type { DataFinding, WhereShape } from 'nestjs-backfill-sql';
import type { LoopKind, OrmEvent } from '../evaluate/machine/event.types.js';
import { knownText } from '../evaluate/values/text-value.js';
import type { Severity } from '../rules/rule.types.js';
import type { SchemaMemory } from './schema-memory.js';
import { type TableSizes, growthOf } from './table-growth.js';

export interface Judgement {
  readonly severity: Severity;
  readonly reason: string;
}

export interface JudgedIn {
  readonly loops: readonly LoopKind[];
  readonly memory: SchemaMemory;
  readonly sizes: TableSizes;
  /** Names of the CTEs of the whole statement. */
  readonly ctes: ReadonlySet<string>;
  /** The whole statement that the change is a part of. */
  readonly whole: string;
}

/** How long the statement may hold its locks, told by what restricts it and by how its table grows. */
export function severityOfSql(finding: DataFinding, place: JudgedIn): Judgement {
  const table = finding.table ? fullName(finding.table) : '';
  const isLookup = table !== '' && growthOf(table, place.sizes) === 'lookup';
  const inRows = place.loops.includes('rows') || finding.inLoop;
  const { where } = finding;
  switch (finding.operation) {
    case 'insert':
      if (inRows) return rowLoop(isLookup);
      return low('it inserts constants');
    case 'insert-select':
      if (inRows) return rowLoop(isLookup);
      return insertSelect(finding, isLookup, place);
    case 'truncate':
      return isLookup ? medium('it empties a small table') : high('it empties a table that grows');
    case 'copy':
      return medium('it loads rows from a file');
    case 'create-table-as':
    case 'select-into':
      return /\bwhere\b/i.test(finding.text)
        ? medium('it copies selected rows')
        : high('it copies a whole table');
    case 'merge':
      return isLookup ? medium('it merges into a small table') : high('it joins whole tables');
    case 'large-object':
      return medium('it writes large objects');
    case 'update':
    case 'delete':
      if (place.memory.hasCreated(table)) return low('the table is new in this migration');
      if (inRows) return rowLoop(isLookup);
      return bounded(finding, where, table, isLookup, place);
  }
}

function bounded(
  finding: DataFinding,
  where: WhereShape | undefined,
  table: string,
  isLookup: boolean,
  place: JudgedIn,
): Judgement {
  if (!where || where.tautology)
    return isLookup ? low('a small table, whole') : high('nothing restricts it: every row is rewritten');
  if (pinsRow(where)) return low('its WHERE names single rows');
  if (joinsCteOfNamedRows(finding, place)) return low('a CTE names single rows');
  if (where.joinOnly)
    return isLookup
      ? medium('its WHERE is only a join condition')
      : high('its WHERE is only a join condition');
  const isNull = where.onlyNullColumns;
  if (isNull.length > 0 && isNull.every((column) => place.memory.hasAdded(table, column)))
    return isLookup
      ? low('a small table, whole')
      : high(`"${isNull.join('", "')}" is NULL in every row of a column that was just added`);
  if (isWeak(where))
    return isLookup
      ? medium('only join conditions and NOT NULL tests restrict it')
      : high('only join conditions and NOT NULL tests restrict it');
  const tests = where.conjuncts.filter(({ kind }) => kind === 'filter' || kind === 'is-null');
  const vacuous =
    tests.length > 0 &&
    tests.every(
      ({ columns }) => columns.length > 0 && columns.every((column) => place.memory.hasAdded(table, column)),
    );
  if (vacuous && !isLookup)
    return high('its WHERE tests a column that was just added: it holds for every row');
  if (!where.selective && isNull.length === 0)
    return isLookup ? medium('nothing selective restricts it') : high('nothing selective restricts it');
  return isLookup ? low('selected rows of a small table') : medium('its WHERE is selective');
}

/** `WITH target AS (SELECT … WHERE id = 1 …) UPDATE … FROM target`: the CTE restricts it. */
function joinsCteOfNamedRows(finding: DataFinding, { ctes, whole }: JudgedIn): boolean {
  if (
    !finding.sources.some((source) => ctes.has(source.name)) &&
    !finding.text.toLowerCase().startsWith('with')
  )
    return false;
  const conditions = whole.split(/\bwhere\b/i).slice(1);
  return ctes.size > 0 && conditions.some((condition) => NAMED.test(condition));
}

const NAMED =
  /"?\b(?:id|uuid|name|unique_?name|slug|e?mail)"?\s*(?:=\s*|in\s*\(\s*)(?:'(?:[^']|'')*'|-?\d+|\$\d+)/i;

/** Every part is a join condition or `column IS NOT NULL`, which leaves out few rows of a column in use. */
function isWeak({ text, conjuncts }: WhereShape): boolean {
  const parts = text.split(/\band\b/i);
  return (
    parts.length === conjuncts.length &&
    conjuncts.every(
      ({ kind }, index) =>
        kind === 'join' ||
        kind === 'tautology' ||
        /^\s*[\w."]+\s+is\s+not\s+null\s*$/i.test(parts[index] ?? ''),
    )
  );
}

/** Columns by which a row is named. */
const KEY =
  /^(?:id|uuid|guid|key|name|unique_?name|slug|user_?name|e?mail|e?mail_?address|address|iban|domain|host_?name|phone(?:_?number)?|hash|token)$/i;

/** `id = 1`, `name IN ('a', 'b')`: rows named one by one. */
function pinsRow(where: WhereShape): boolean {
  const named = where.conjuncts.filter(
    ({ kind, columns }) => kind === 'filter' && columns.length === 1 && KEY.test(columns[0] ?? ''),
  );
  return named.some(({ columns }) => comparesWithConstants(where.text, columns[0] ?? ''));
}

function comparesWithConstants(text: string, column: string): boolean {
  const name = `"?${column.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}"?`;
  const constant = `(?:'(?:[^']|'')*'|-?\\d+|\\$\\d+)(?:::[\\w" ]+)?`;
  const equal = new RegExp(`${name}\\)?\\s*=\\s*${constant}`, 'i');
  const among = new RegExp(
    `${name}\\)?\\s+in\\s*\\(\\s*${constant}(?:\\s*,\\s*${constant}){0,30}\\s*\\)`,
    'i',
  );
  const one = new RegExp(`${name}\\s*=\\s*\\(\\s*select\\b`, 'i');
  return (equal.test(text) || among.test(text) || one.test(text)) && !/\bor\b/i.test(text);
}

function insertSelect(finding: DataFinding, isLookup: boolean, place: JudgedIn): Judgement {
  const own = finding.table ? fullName(finding.table) : '';
  const sources = finding.sources.filter(
    (source) => fullName(source) !== own && !place.ctes.has(source.name),
  );
  const { where } = finding;
  if (AGGREGATES.test(finding.text) && !/\bgroup\s+by\b/i.test(finding.text))
    return low('it inserts one row');
  if (sources.length === 0)
    return place.ctes.size > 0 && finding.sources.length > 0
      ? medium('it copies what the statement selected')
      : low('it inserts constants');
  if (where && pinsRow(where)) return low('it copies single rows');
  if (where && isLookup) return low('it copies selected rows into a small table');
  const growing = sources.filter((source) => growthOf(fullName(source), place.sizes) === 'growing');
  if (isLookup && growing.length === 0) return low('it fills one small table from another');
  if (!where && /\bwhere\b/i.test(finding.text)) return medium('it copies selected rows');
  if (!where || where.tautology || where.joinOnly)
    return growing.length > 0 && !/\blimit\s+\d/i.test(finding.text)
      ? high(`it copies all rows of ${growing.map(fullName).join(', ')}`)
      : medium('it copies a small table');
  return medium('it copies selected rows');
}

const AGGREGATES =
  /\bselect\b[^]*?\b(?:jsonb?_agg|jsonb?_object_agg|array_agg|string_agg|count|sum|max|min)\s*\(/i;

/** The same for a write through TypeORM, whose SQL is not spelled out. */
export function severityOfOrm(event: OrmEvent, place: JudgedIn): Judgement {
  const table = event.entity?.table ?? '';
  const isLookup = table !== '' && growthOf(table, place.sizes) === 'lookup';
  const inRows = event.loops.includes('rows');
  if (inRows) return rowLoop(isLookup);
  if (place.memory.hasCreated(table)) return low('the table is new in this migration');
  switch (event.verb) {
    case 'truncate':
      return isLookup ? medium('it empties a small table') : high('it empties a table that grows');
    case 'insert':
      return event.rows === undefined
        ? medium('it inserts a list that is not written out')
        : low('it inserts constants');
    case 'save':
      return event.rows === undefined
        ? medium('it saves a list that is not written out')
        : low('it saves single rows');
    case 'update':
    case 'delete': {
      if (event.conditions === undefined)
        return event.rows === undefined ? medium('it changes a list of rows') : low('it changes single rows');
      if (event.conditions.length === 0)
        return isLookup ? low('a small table, whole') : high('nothing restricts it: every row is changed');
      if (event.conditions.some(pinsOrmRow)) return low('its condition names single rows');
      return isLookup ? low('selected rows of a small table') : medium('its condition is selective');
    }
  }
}

function pinsOrmRow({ columns, text, facts }: NonNullable<OrmEvent['conditions']>[number]): boolean {
  if (facts.rows) return false;
  if (columns.some((column) => KEY.test(column))) return true;
  const known = text && knownText(text);
  return known !== undefined && /\b(?:id|name|key|code|slug|email)"?\s*=\s*:/i.test(known);
}

function rowLoop(isLookup: boolean): Judgement {
  return isLookup
    ? medium('it runs once for each row that was read, on a small table')
    : high('it runs once for each row that was read');
}

export function fullName({ schema, name }: { readonly schema?: string; readonly name: string }): string {
  return schema === undefined ? name : `${schema}.${name}`;
}

function high(reason: string): Judgement {
  return { severity: 'HIGH', reason };
}

function medium(reason: string): Judgement {
  return { severity: 'MEDIUM', reason };
}

function low(reason: string): Judgement {
  return { severity: 'LOW', reason };
}
