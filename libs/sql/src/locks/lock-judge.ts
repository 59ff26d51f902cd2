import type { TableName } from '../classification/statement.types.js';
import { refusesTransaction } from '../classification/statement-kinds.js';
import { isObject, list, text } from '../parser/parser-nodes.js';
import type { DdlStatement } from './ddl-statement.js';
import type { LockFinding, LockMode } from './lock.types.js';
import { alterTable, isOnlyForeignKeys, moveAll, tablesOfAlter } from './rules/alter-table.rules.js';
import { createFunction, createOther, createTable, createTableAs } from './rules/create-table.rules.js';
import { drop, dropDatabase, dropOwned } from './rules/drop.rules.js';
import { concurrentlyInTransaction, createIndex, reindex } from './rules/index.rules.js';
import { readTables } from './rules/query.rules.js';
import {
  alterDomain,
  alterEnum,
  alterSchema,
  changeLaterTimeout,
  changeLockTimeout,
  cluster,
  createRule,
  createTrigger,
  LOCK_MODES,
  lockTable,
  refresh,
  rename,
  settingValue,
  type TimeZone,
  timeZoneSetBy,
  vacuum,
} from './rules/statement.rules.js';
import { SchemaState } from './schema-state.js';
import {
  fullTableName,
  type HeldLock,
  type LockContext,
  StatementInspection,
  withTable,
} from './statement-inspection.js';
import { droppedNames, isSameName, tableOf } from './table-names.js';

type Rule = (on: StatementInspection) => void;

const RULES: Readonly<Record<string, Rule>> = {
  AlterTableStmt: alterTable,
  IndexStmt: createIndex,
  ReindexStmt: reindex,
  DropStmt: drop,
  DropOwnedStmt: dropOwned,
  RenameStmt: rename,
  AlterObjectSchemaStmt: alterSchema,
  AlterEnumStmt: alterEnum,
  AlterDomainStmt: alterDomain,
  CreateTrigStmt: createTrigger,
  RuleStmt: createRule,
  DropdbStmt: dropDatabase,
  AlterTableMoveAllStmt: moveAll,
  AlterRoleSetStmt: changeLaterTimeout,
  AlterDatabaseSetStmt: changeLaterTimeout,
  LockStmt: lockTable,
  RefreshMatViewStmt: refresh,
  ClusterStmt: cluster,
  VacuumStmt: vacuum,
  SelectStmt: readTables,
  CreateStmt: createTable,
  CreateForeignTableStmt: createTableAs,
  CreateTableAsStmt: createTableAs,
  CreateEnumStmt: createOther,
  CreateSeqStmt: createOther,
  CreateDomainStmt: createOther,
  CompositeTypeStmt: createOther,
  ViewStmt: createOther,
  CreateFunctionStmt: createFunction,
  CreateSchemaStmt: createSchema,
  VariableSetStmt: (on) => {
    const { name } = on.ddl.fields;
    if (text(name)?.toLowerCase() === 'lock_timeout') changeLockTimeout(on, settingValue(on.ddl.fields));
  },
};

/** The dangers of statements that have not run. @publicApi */
export interface LockInspection {
  readonly findings: readonly LockFinding[];
  /** The judge after the statements. */
  readonly judge: LockJudge;
}

/**
 * Finds statements whose locks are dangerous. It keeps the locks of the current transaction, and what the
 * statements have created.
 *
 * @publicApi
 */
export class LockJudge {
  readonly state: SchemaState;
  #held: readonly HeldLock[] = [];
  /** What SET TIME ZONE has set, until the catalog is read again. */
  #timeZone: TimeZone | undefined;

  /** @param state what earlier statements have done to the schema; it is changed */
  constructor(state: SchemaState = new SchemaState()) {
    this.state = state;
  }

  /** The transaction of another judge goes on, with its locks. */
  continueTransaction(before: LockJudge): void {
    this.#held = before.#held;
  }

  /** The transaction has ended, and with it its locks. */
  endTransaction(): void {
    this.#held = [];
    if (this.#timeZone?.isLocal === true) this.#timeZone = undefined;
  }

  /** The dangers of statements, without counting them as run: see `accept`. */
  inspect(ddl: readonly DdlStatement[], context: LockContext): LockInspection {
    const judge = new LockJudge(this.state.copy());
    judge.#held = this.#held;
    judge.#timeZone = this.#timeZone;
    return { findings: judge.judge(ddl, context), judge };
  }

  /** Counts the statements of an inspection as run. */
  accept({ judge }: LockInspection): void {
    this.state.replace(judge.state);
    this.#held = judge.#held;
    this.#timeZone = judge.#timeZone;
  }

  /** The dangers of statements that run next. */
  judge(ddl: readonly DdlStatement[], context: LockContext): readonly LockFinding[] {
    if (context.catalog?.isUtc !== undefined) this.#timeZone = undefined;
    return ddl.flatMap((statement) => this.#judgeOne(statement, context));
  }

  #judgeOne(ddl: DdlStatement, context: LockContext): readonly LockFinding[] {
    if (!context.inTransaction) this.#held = [];
    this.#followTimeZone(ddl, context);
    const isUtc = this.#timeZone?.isUtc ?? context.catalog?.isUtc;
    const on = new StatementInspection(ddl, this.state, context, { heldLocks: this.#held, isUtc });
    const locked = lockedTables(ddl).filter((table) => !this.state.isNew(table) && !on.isMissing(table));
    RULES[ddl.node]?.(on);
    if (refusesTransaction(ddl.node, ddl.fields))
      concurrentlyInTransaction(on, tableOf(ddl.fields['relation']));
    if (locked.length > 0) this.#reportSeveral(on, locked);
    if (ddl.node === 'RenameStmt') this.#followRename(ddl);
    return on.findings;
  }

  /** SET LOCAL does nothing outside a transaction. */
  #followTimeZone(ddl: DdlStatement, { inTransaction }: LockContext): void {
    const zone = timeZoneSetBy(ddl);
    if (zone && (inTransaction || !zone.isLocal)) this.#timeZone = zone;
  }

  /** A lock stays on its table under the new name. */
  #followRename({ fields }: DdlStatement): void {
    const from = tableOf(fields['relation']);
    const name = text(fields['newname']);
    if (fields['renameType'] !== 'OBJECT_TABLE' || !from || name === undefined) return;
    this.#held = this.#held.map((held) =>
      isSameName(held.table, from) ? { ...held, table: { ...held.table, name } } : held,
    );
  }

  /**
   * Two transactions that lock the same tables in another order block each other. Locks under which reads go on
   * are left out: a foreign key always needs two of them.
   */
  #reportSeveral(on: StatementInspection, locked: readonly TableName[]): void {
    const lock = lockOf(on.ddl);
    const large = locked.filter((table) => on.isLarge(table));
    const taken = large.filter((table) => isStronger(lock, on.held(table)));
    const [main] = large;
    // Before most statements of a migration, nothing is to be done: they alter a table that the transaction has locked.
    if (!main || taken.length === 0) return;
    if (on.context.inTransaction && lock === 'AccessExclusiveLock' && on.held(main) !== lock)
      this.#reportOthers(on, main, large);
    this.#held = [...this.#held, ...taken.map((table) => ({ table, lock }))];
  }

  /** @param locked the large tables that the statement locks: `main`, and others */
  #reportOthers(on: StatementInspection, main: TableName, locked: readonly TableName[]): void {
    const others = this.#held.filter(
      ({ table, lock }) =>
        lock === 'AccessExclusiveLock' &&
        !locked.some((other) => isSameName(other, table)) &&
        on.isLarge(table),
    );
    if (others.length === 0) return;
    on.report('several-tables-locked', {
      table: main,
      message: `the transaction still holds the locks of ${others.map(({ table }) => fullTableName(table)).join(', ')} while it waits for ${fullTableName(main)}, which can deadlock with the application`,
      alsoLocks: others.reduce<readonly TableName[]>((all, { table }) => withTable(all, table), []),
    });
  }
}

/** The lock that a statement takes on the tables of `lockedTables`. */
function lockOf({ node, fields }: DdlStatement): LockMode {
  if (node === 'LockStmt') return LOCK_MODES[Number(fields['mode'])] ?? 'AccessExclusiveLock';
  if (node === 'AlterTableStmt' && isOnlyForeignKeys(fields)) return 'ShareRowExclusiveLock';
  return LOCK_OF_NODE[node] ?? 'AccessExclusiveLock';
}

function isStronger(lock: LockMode, held: LockMode | undefined): boolean {
  return held === undefined || (lock === 'AccessExclusiveLock' && held !== lock);
}

const LOCK_OF_NODE: Readonly<Record<string, LockMode>> = {
  CreateTrigStmt: 'ShareRowExclusiveLock',
  IndexStmt: 'ShareLock',
};

/** The relations that a statement locks so that reads or writes wait. */
function lockedTables({ node, fields }: DdlStatement): readonly TableName[] {
  switch (node) {
    case 'AlterTableStmt':
      return tablesOfAlter(fields);
    case 'IndexStmt':
      return fields['concurrent'] === true ? [] : relationOf(fields);
    case 'CreateTrigStmt':
    case 'ClusterStmt':
      return relationOf(fields);
    case 'RenameStmt':
      return fields['renameType'] === 'OBJECT_INDEX' || fields['renameType'] === 'OBJECT_SEQUENCE'
        ? []
        : relationOf(fields);
    case 'LockStmt':
      return Number(fields['mode']) >= SHARE_LOCK
        ? list(fields['relations'])
            .map(tableOf)
            .filter((table) => table !== undefined)
        : [];
    case 'DropStmt':
      return fields['removeType'] === 'OBJECT_TABLE' ? droppedNames(fields) : [];
    default:
      return [];
  }
}

const SHARE_LOCK = 5;

function relationOf(fields: DdlStatement['fields']): readonly TableName[] {
  const table = tableOf(fields['relation']);
  return table ? [table] : [];
}

/** The tables that CREATE SCHEMA creates with the schema. */
function createSchema(on: StatementInspection): void {
  createOther(on);
  for (const element of list(on.ddl.fields['schemaElts'])) {
    if (!isObject(element)) continue;
    const table = tableOf((element['CreateStmt'] as { relation?: unknown } | undefined)?.relation);
    const schema = text(on.ddl.fields['schemaname']);
    if (table) on.state.addNew(schema === undefined ? table : { schema, ...table });
  }
}
