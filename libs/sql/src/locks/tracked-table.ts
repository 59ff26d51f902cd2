import type { TableName } from '../classification/statement.types.js';
import type { ColumnType, KnownColumn, SequenceUser } from './lock.types.js';
import { isSameName } from './table-names.js';

export interface ConstraintColumns {
  /** They are not null once it is valid. */
  readonly proves: readonly string[];
  /** It is checked again if their type changes, once it is valid. */
  readonly reads: readonly string[];
}

/** What is known of a table from statements. Empty maps and sets are shared: see `put` and `include`. */
export interface TrackedTable {
  readonly name: TableName;
  columns: Map<string, KnownColumn>;
  /** Each CHECK or NOT NULL constraint. */
  constraints: Map<string, ConstraintColumns>;
  hasCheck: boolean;
  isPartitioned?: boolean;
  defaultPartition?: TableName;
  /** Columns that this migration has dropped. */
  dropped: Set<string>;
  /** Columns that this migration, or an earlier one of the same run, has added: no release has used them yet. */
  added: Map<string, 'migration' | 'run'>;
  /** The state that may change it. */
  owner: object | undefined;
  /** Changed since `SchemaState.forgetColumns()`. */
  isChanged: boolean;
}

export interface TrackedIndex {
  readonly name: TableName;
  readonly table: TableName;
  readonly columns: readonly string[];
}

export interface Domain {
  readonly isConstrained: boolean;
  readonly base?: ColumnType | undefined;
}

/** It is shared, so that nothing is added to it. */
export const EMPTY_MAP = new Map<string, never>();
const EMPTY_SET = new Set<never>();

/** Sets a value in a map of a table. @returns the map, or a new one instead of the shared empty one */
export function put<Value>(map: Map<string, Value>, key: string, value: Value): Map<string, Value> {
  return map.size === 0 ? new Map([[key, value]]) : map.set(key, value);
}

/** Adds a value to a set of a table. @returns the set, or a new one instead of the shared empty one */
export function include(set: Set<string>, value: string): Set<string> {
  return set.size === 0 ? new Set([value]) : set.add(value);
}

/** A constraint of the table is valid from now on. */
export function proveColumns(table: TrackedTable, constraint: string): void {
  const { proves = [], reads = [] } = table.constraints.get(constraint) ?? {};
  for (const column of new Set([...proves, ...reads])) {
    const known = table.columns.get(column);
    const { provenBy = [], checkedBy = [] } = known ?? {};
    table.columns = put(table.columns, column, {
      ...known,
      provenBy: proves.includes(column) ? [...provenBy, constraint] : provenBy,
      checkedBy: reads.includes(column) ? [...checkedBy, constraint] : checkedBy,
    });
  }
  table.hasCheck = true;
}

/** Which of the valid CHECKs proves the bound of a partition is not known; a foreign key proves none. */
export function loseProof(table: TrackedTable, constraint: string): void {
  table.constraints.delete(constraint);
  const without = (names: readonly string[] = []) => names.filter((name) => name !== constraint);
  for (const [column, known] of table.columns) {
    if (!known.provenBy?.includes(constraint) && !known.checkedBy?.includes(constraint)) continue;
    table.hasCheck = false;
    table.columns.set(column, {
      ...known,
      provenBy: without(known.provenBy),
      checkedBy: without(known.checkedBy),
    });
  }
}

/** The columns whose default takes its numbers from the sequence. */
export function usersOf(tables: readonly TrackedTable[], sequence: TableName): readonly SequenceUser[] {
  return tables.flatMap(({ name: table, columns }) =>
    [...columns].flatMap(([column, { sequence: used }]) =>
      used && isSameName(used, sequence) ? [{ table, column }] : [],
    ),
  );
}

/** A copy that can be changed without the other. */
export function cloned(table: TrackedTable): TrackedTable {
  const { columns, constraints, dropped, added } = table;
  return {
    ...table,
    columns: copyOf(columns),
    constraints: copyOf(constraints),
    dropped: dropped.size === 0 ? EMPTY_SET : new Set(dropped),
    added: copyOf(added),
  };
}

function copyOf<Value>(map: Map<string, Value>): Map<string, Value> {
  return map.size === 0 ? EMPTY_MAP : new Map(map);
}

/** Nothing is known of it yet. */
export function newTable(name: TableName): TrackedTable {
  return {
    name,
    columns: EMPTY_MAP,
    constraints: EMPTY_MAP,
    hasCheck: false,
    dropped: EMPTY_SET,
    added: EMPTY_MAP,
    owner: undefined,
    isChanged: false,
  };
}
