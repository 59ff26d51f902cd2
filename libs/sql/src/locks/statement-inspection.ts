import type { TableName } from '../classification/statement.types.js';
import type { DdlStatement } from './ddl-statement.js';
import { LOCK_EFFECTS } from './lock-effects.js';
import type {
  Blocked,
  ColumnType,
  KnownColumn,
  LockCatalog,
  LockEffect,
  LockFinding,
  LockMode,
  LockNames,
  LockRule,
} from './lock.types.js';
import type { SchemaState } from './schema-state.js';
import { fullTableName, isSameName } from './table-names.js';

/** What a statement runs in. @publicApi */
export interface LockContext {
  /** It runs in a transaction together with earlier and later statements. */
  readonly inTransaction: boolean;
  /** Milliseconds of `lock_timeout` that the policy sets. */
  readonly lockTimeoutMs: number;
  readonly catalog?: LockCatalog | undefined;
  /** The major version of PostgreSQL, if it is known. @default the newest */
  readonly postgres?: number | undefined;
  /**
   * What may be harmless, like a query whose plan is not known, is reported before the database is asked about it.
   *
   * @default left out
   */
  readonly doubts?: 'reported' | 'left out';
}

/** What a rule reports about one statement. */
export interface Report extends Partial<LockEffect> {
  readonly message: string;
  readonly table?: TableName | undefined;
  readonly names?: LockNames;
  readonly alsoLocks?: readonly TableName[];
  /** @default what waits for the lock */
  readonly blocks?: Blocked;
}

/** A relation that the transaction has locked so that reads or writes wait. */
export interface HeldLock {
  readonly table: TableName;
  readonly lock: LockMode;
}

/** What earlier statements have left in the session. */
export interface SessionFacts {
  /** The locks that the transaction holds. */
  readonly heldLocks: readonly HeldLock[];
  /** Whether the time zone is UTC; undefined if it is not known. */
  readonly isUtc: boolean | undefined;
}

/** One statement while the rules read it. */
export class StatementInspection {
  readonly findings: LockFinding[] = [];

  constructor(
    readonly ddl: DdlStatement,
    readonly state: SchemaState,
    readonly context: LockContext,
    readonly session: SessionFacts,
  ) {}

  get heldLocks(): readonly HeldLock[] {
    return this.session.heldLocks;
  }

  /** Reports a danger, unless no application uses the table yet, or its size makes it harmless. */
  report(rule: LockRule, { message, table, names = {}, alsoLocks = [], ...effect }: Report): void {
    const { dependsOnSize, severity: _severity, ...usual } = LOCK_EFFECTS[rule];
    if (table && !APPLIES_TO_NEW.has(rule) && (this.isMissing(table) || this.#isUnused(table, rule))) return;
    if (table && dependsOnSize && this.context.catalog?.table(table)?.isSmall === true) return;
    const { text, position, via } = this.ddl;
    const lock = 'lock' in effect ? effect.lock : usual.lock;
    this.findings.push({
      rule,
      ...usual,
      blocks: blockedBy(lock),
      ...effect,
      ...(table && { table }),
      alsoLocks,
      message,
      names,
      text,
      position,
      via,
    });
  }

  /** An earlier migration of the run may have filled a table, so that only its size shows that it is harmless. */
  #isUnused(table: TableName, rule: LockRule): boolean {
    return LOCK_EFFECTS[rule].dependsOnSize ? this.state.isNew(table) : this.state.isUnused(table);
  }

  /** The database has no such table: the statement does nothing, or fails by itself. */
  isMissing(table: TableName): boolean {
    return this.context.catalog?.table(table) === null;
  }

  /** The lock that the transaction holds on a table since an earlier statement. */
  held(table: TableName): LockMode | undefined {
    return this.heldLocks.findLast((held) => isSameName(held.table, table))?.lock;
  }

  /** Whether the catalog has the index, so that CREATE INDEX IF NOT EXISTS does nothing. */
  existsIndex(name: TableName): boolean {
    if (this.state.dropped.hasRelation(name)) return false;
    const table = this.context.catalog?.tableOfIndex(name);
    return table !== null && table !== undefined;
  }

  /** Whether the table is not known to be small. */
  isLarge(table: TableName): boolean {
    return this.context.catalog?.table(table)?.isSmall !== true;
  }

  column(table: TableName, column: string): KnownColumn {
    const tracked = this.state.column(table, column) ?? {};
    const known = this.context.catalog?.table(table)?.columns.get(column) ?? {};
    return {
      ...tracked,
      ...known,
      notNull: tracked.notNull === true || known.notNull === true,
      provenBy: [...(tracked.provenBy ?? []), ...(known.provenBy ?? [])],
      ...((tracked.checkedBy ?? []).length > 0 && { isChecked: true }),
    };
  }

  /** Whether a CHECK proves it that the statements so far have not dropped. */
  isProvenNotNull(table: TableName, column: string): boolean {
    const proofs = this.column(table, column).provenBy ?? [];
    return proofs.some((constraint) => !this.state.dropped.hasConstraint(table, constraint));
  }

  /** Whether the catalog has the column, so that ADD COLUMN IF NOT EXISTS does nothing. */
  hasColumn(table: TableName, column: string): boolean {
    const isDropped = this.state.hasDropped(table, column) || this.state.dropped.hasRelation(table);
    return !isDropped && this.context.catalog?.table(table)?.columns.has(column) === true;
  }

  /** Whether the catalog knows the table without this column. */
  lacksColumn(table: TableName, column: string): boolean {
    const columns = this.context.catalog?.table(table)?.columns;
    return columns !== undefined && columns.size > 0 && !columns.has(column);
  }

  /** Whether statements so far, or the catalog, tell that the column can be NULL. */
  isNullable(table: TableName, column: string): boolean {
    const { notNull } = this.column(table, column);
    const isKnown =
      this.state.column(table, column)?.notNull !== undefined ||
      this.context.catalog?.table(table)?.columns.has(column) === true;
    return isKnown && notNull !== true && !this.isProvenNotNull(table, column);
  }

  /** Undefined if it is not known. */
  isPartitioned(table: TableName): boolean | undefined {
    return this.state.partitioning(table).isPartitioned ?? this.context.catalog?.table(table)?.isPartitioned;
  }

  /** Whether a valid CHECK may prove the bound of a partition. */
  hasCheck(table: TableName): boolean {
    const { hasCheck, checks = [] } = this.context.catalog?.table(table) ?? {};
    const isKept = !checks.some((check) => this.state.dropped.hasConstraint(table, check));
    return this.state.hasCheck(table) ?? (isKept && hasCheck === true);
  }

  defaultPartition(table: TableName): TableName | undefined {
    return (
      this.context.catalog?.table(table)?.defaultPartition ?? this.state.partitioning(table).defaultPartition
    );
  }

  columnsOfIndex(index: TableName): readonly string[] {
    return this.state.index(index)?.columns ?? this.context.catalog?.columnsOfIndex?.(index) ?? [];
  }

  /** The version of PostgreSQL, if it is known and older than `version`. */
  olderThan(version: number): number | undefined {
    const { postgres } = this.context;
    return postgres !== undefined && postgres < version ? postgres : undefined;
  }

  baseOfFreeDomain(type: string): ColumnType | undefined {
    return this.state.baseOfFreeDomain(type) ?? this.context.catalog?.baseOfFreeDomain?.(type);
  }

  isConstrainedDomain(type: string): boolean {
    return this.state.isConstrainedDomain(type) ?? this.context.catalog?.isConstrainedDomain(type) ?? false;
  }

  /** What a statement has created comes last: the catalog knows the other overloads too. */
  isVolatile(functionName: string): boolean | undefined {
    return this.context.catalog?.isVolatile(functionName) ?? this.state.isVolatile(functionName);
  }

  /** The table of an index; null if the index does not exist, undefined if it is not known. */
  tableOfIndex(index: TableName): TableName | null | undefined {
    return this.state.index(index)?.table ?? this.context.catalog?.tableOfIndex(index);
  }
}

/** Dangers of a table that is new, or of no table. */
const APPLIES_TO_NEW: ReadonlySet<LockRule> = new Set(['integer-key', 'concurrently-in-transaction']);

export function blockedBy(lock: LockMode | undefined): Blocked {
  if (lock === 'AccessExclusiveLock') return 'reads and writes';
  return lock === undefined || lock === 'ShareUpdateExclusiveLock' ? 'nothing' : 'writes';
}

/** Adds a table to a list, unless it is there. */
export function withTable(tables: readonly TableName[], table: TableName): readonly TableName[] {
  return tables.some((other) => isSameName(other, table)) ? tables : [...tables, table];
}

export { fullTableName };
