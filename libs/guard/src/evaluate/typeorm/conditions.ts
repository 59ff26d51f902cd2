import { factsOf, factsOfAll } from '../values/facts.js';
import type { Condition, Facts, RowList, UnknownValue, Value } from '../values/value.types.js';

/** What a find condition restricts. An empty one restricts nothing. */
export function conditionsOf(value: Value | undefined): readonly Condition[] {
  if (!value) return [];
  const columns = value.kind === 'object' ? [...value.properties.keys()] : ['id'];
  const isEmpty = value.kind === 'object' && !value.isOpen && columns.length === 0;
  return isEmpty ? [] : [{ columns, facts: conditionFacts(value) }];
}

/** `{ id: row.id }` selects one row, `{ id: In(ids) }` as many as there are ids. */
function conditionFacts(value: Value): Facts {
  if (value.kind !== 'object' || value.isOpen) return factsOf(value);
  return factsOfAll([...value.properties.values()].filter(isList));
}

function isList(value: Value): boolean {
  return (
    value.kind === 'array' || (value.kind === 'unknown' && /^(?:In|Any|Not|Raw)\(/.test(value.expression))
  );
}

/** The condition of `where(…)` on a query builder. */
export function builderCondition(value: Value): Condition {
  const facts = factsOf(value);
  if (value.kind === 'text') return { text: value, columns: [], facts };
  return { columns: value.kind === 'object' ? [...value.properties.keys()] : ['id'], facts };
}

/** The columns of the row, or of the first row, that a write receives. */
export function columnsOf(value: Value | undefined): ReadonlyMap<string, Value> {
  const row = firstRow(value);
  return row?.kind === 'object' ? row.properties : new Map();
}

/** The number of rows that a write receives, when it is known. */
export function rowCount(value: Value | undefined): number | undefined {
  if (!value) return undefined;
  if (value.kind === 'array') return value.isOpen ? undefined : value.items.length;
  if (value.kind === 'unknown') return isSingleRow(value) ? 1 : undefined;
  return value.kind === 'object' ? 1 : undefined;
}

/** Methods that return one row or one new entity. */
const ONE_ROW = /\b(?:findOne\w*|getOne\w*|getRawOne|preload|create)\(\)$/;

function isSingleRow({ expression, facts }: UnknownValue): boolean {
  return facts.entity === true && ONE_ROW.test(expression);
}

/** Where the rows of a list of unknown length come from. */
export function listOrigin(value: Value | undefined): RowList | undefined {
  if (!value) return undefined;
  if (factsOf(value).rows) return 'read';
  return value.kind === 'array' ? 'code' : undefined;
}

export function firstRow(value: Value | undefined): Value | undefined {
  return value?.kind === 'array' ? value.items[0] : value;
}
