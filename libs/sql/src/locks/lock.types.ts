import type { TableName } from '../classification/statement.types.js';
import type { TextPosition } from '../text/text-position.js';

/**
 * The rules for statements whose locks, or whose effect on running code, can take an application down.
 *
 * @publicApi
 */
export const LOCK_RULES = [
  'index-not-concurrent',
  'foreign-key-validated',
  'check-validated',
  'set-not-null-scan',
  'type-rewrite',
  'volatile-default',
  'stored-generated',
  'serial-added',
  'unique-constraint',
  'exclusion-constraint',
  'primary-key-added',
  'not-null-without-default',
  'rename-table',
  'rename-column',
  'default-dropped',
  'drop-column-in-use',
  'drop-column',
  'drop-table',
  'drop-view',
  'drop-function',
  'several-tables-locked',
  'scan-under-lock',
  'lock-table',
  'rows-locked',
  'refresh-not-concurrent',
  'cluster-or-vacuum-full',
  'enum-value-renamed',
  'partition-attached-unchecked',
  'partition-created',
  'partition-detached',
  'trigger-on-large-table',
  'lock-timeout-raised',
  'json-column',
  'integer-key',
  'concurrently-in-transaction',
] as const;
/** One of `LOCK_RULES`. @publicApi */
export type LockRule = (typeof LOCK_RULES)[number];

/** PostgreSQL's lock modes that a finding can name, as pg_locks spells them. @publicApi */
export type LockMode =
  | 'ShareUpdateExclusiveLock'
  | 'ShareLock'
  | 'ShareRowExclusiveLock'
  | 'ExclusiveLock'
  | 'AccessExclusiveLock';

/** What waits for the lock: everything, or only statements that change rows. @publicApi */
export type Blocked = 'reads and writes' | 'writes' | 'nothing';

/** What a statement does to a relation. @publicApi */
export interface LockEffect {
  /** The strongest lock on the relation; missing if the danger is not a lock. */
  readonly lock?: LockMode;
  /** It reads every row while it holds the lock. */
  readonly scans: boolean;
  /** It writes the table into a new file. */
  readonly rewrites: boolean;
  /** It builds or rebuilds an index while it holds the lock. */
  readonly buildsIndex: boolean;
}

/** A statement that is dangerous on a table in use. @publicApi */
export interface LockFinding extends LockEffect {
  readonly rule: LockRule;
  /** The relation, as written. Missing for settings. */
  readonly table?: TableName;
  /** Other relations that the statement locks, e.g. the table that a foreign key references. */
  readonly alsoLocks: readonly TableName[];
  readonly blocks: Blocked;
  /** What happens, in one sentence. */
  readonly message: string;
  /** Names for the code to paste instead: of the column, constraint, index, type. */
  readonly names: LockNames;
  readonly position: TextPosition;
  /** The statement as written. */
  readonly text: string;
  /** The function, block or EXECUTE that runs it, outermost first. */
  readonly via: readonly string[];
}

/** Names in a statement, for the code to paste. @publicApi */
export interface LockNames {
  readonly column?: string;
  readonly columns?: readonly string[];
  readonly constraint?: string;
  readonly index?: string;
  readonly type?: string;
  readonly to?: string;
  readonly references?: TableName;
  /** A function that is called. */
  readonly function?: string;
}

/** A column's type: its name as in `format_type`, without the schema `pg_catalog`, and its modifiers. @publicApi */
export interface ColumnType {
  readonly name: string;
  readonly modifiers: readonly number[];
  readonly isArray: boolean;
}

/** What is known about a column. A missing fact is unknown. @publicApi */
export interface KnownColumn {
  readonly type?: ColumnType;
  readonly notNull?: boolean;
  /** The validated CHECK constraints that prove that it is not null. */
  readonly provenBy?: readonly string[];
  /** A validated CHECK constraint uses it, so that a change of its type checks every row. */
  readonly isChecked?: boolean;
  /** The validated CHECK constraints of statements that use it. */
  readonly checkedBy?: readonly string[];
  readonly isIndexed?: boolean;
  readonly isIdentity?: boolean;
  /** The sequence from which its default takes its numbers, if statements tell it. */
  readonly sequence?: TableName | undefined;
}

/** A column whose default takes its numbers from a sequence. @publicApi */
export interface SequenceUser {
  readonly table: TableName;
  readonly column: string;
}

/** What is known about a table. @publicApi */
export interface KnownTable {
  /** It is under the bound of rows and bytes; missing if its size is unknown. */
  readonly isSmall?: boolean;
  readonly columns: ReadonlyMap<string, KnownColumn>;
  /** It has a validated CHECK constraint, which can prove the bound of a partition. */
  readonly hasCheck?: boolean;
  /** The names of its validated CHECK constraints. */
  readonly checks?: readonly string[];
  /** If it is a sequence: the columns whose defaults take their numbers from it. */
  readonly usedBy?: readonly SequenceUser[];
  readonly isPartitioned?: boolean;
  /** The partition of the rows that no other partition has. */
  readonly defaultPartition?: TableName;
}

/**
 * What the database knows, for the tables of one statement. Each method returns undefined for what is not
 * known.
 *
 * @publicApi
 */
export interface LockCatalog {
  /** @returns null if the table does not exist */
  table(name: TableName): KnownTable | null | undefined;
  /** The table of an index. @returns null if the index does not exist */
  tableOfIndex(name: TableName): TableName | null | undefined;
  /** The key columns of an index. */
  columnsOfIndex?(name: TableName): readonly string[] | undefined;
  /** Whether a function that is not PostgreSQL's own is volatile. */
  isVolatile(name: string): boolean | undefined;
  /** Whether a type is a domain with constraints, so that a new column of it rewrites the table. */
  isConstrainedDomain(name: string): boolean | undefined;
  /** The type on which a domain without constraints is based: both have the same bytes. */
  baseOfFreeDomain?(name: string): ColumnType | undefined;
  /** What still reads a column of the application, e.g. `the entity Lead`. */
  readerOf(table: TableName, column: string): string | undefined;
  /** Whether the session's time zone is UTC, so that timestamp and timestamptz have the same values. */
  readonly isUtc?: boolean;
}
