import { factsOf } from '../values/facts.js';
import type { Condition, Value } from '../values/value.types.js';

/** What a find condition restricts. An empty one restricts nothing. */
export function conditionsOf(value: Value | undefined): readonly Condition[] {
  if (!value) return [];
  const columns = value.kind === 'object' ? [...value.properties.keys()] : ['id'];
  const isEmpty = value.kind === 'object' && !value.isOpen && columns.length === 0;
  return isEmpty ? [] : [{ columns, facts: factsOf(value) }];
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
  if (!value || factsOf(value).rows) return undefined;
  if (value.kind === 'array') return value.isOpen ? undefined : value.items.length;
  return value.kind === 'object' ? 1 : undefined;
}

export function firstRow(value: Value | undefined): Value | undefined {
  return value?.kind === 'array' ? value.items[0] : value;
}
