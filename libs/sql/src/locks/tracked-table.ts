import type { TableName } from '../classification/statement.types.js';
import type { KnownColumn } from './lock.types.js';

/** What statements tell about a table. */
export interface TrackedTable {
  readonly name: TableName;
  readonly columns: Map<string, KnownColumn>;
  /** Columns that each CHECK or NOT NULL constraint proves to be not null once it is valid. */
  readonly constraints: Map<string, readonly string[]>;
  hasCheck: boolean;
  isPartitioned?: boolean;
  defaultPartition?: TableName;
  /** Columns that this migration has dropped. */
  readonly dropped: Set<string>;
  /** Columns that this migration, or an earlier one of the same run, has added: no release has used them yet. */
  readonly added: Map<string, 'migration' | 'run'>;
}

/** A copy that can be changed without the other. */
export function cloned(table: TrackedTable): TrackedTable {
  return {
    ...table,
    columns: new Map(table.columns),
    constraints: new Map(table.constraints),
    dropped: new Set(table.dropped),
    added: new Map(table.added),
  };
}

/** Nothing is known of it yet. */
export function newTable(name: TableName): TrackedTable {
  return {
    name,
    columns: new Map(),
    constraints: new Map(),
    hasCheck: false,
    dropped: new Set(),
    added: new Map(),
  };
}
