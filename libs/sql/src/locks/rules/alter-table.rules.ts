import type { TableName } from '../../classification/statement.types.js';
import { type Json, nodeOf, nodesOf, text } from '../../parser/parser-nodes.js';
import type { LockMode } from '../lock.types.js';
import { fullTableName, type StatementInspection } from '../statement-inspection.js';
import { isSameName, tableOf } from '../table-names.js';
import { addColumn, changeType } from './column.rules.js';
import { scanUnderLock } from './query.rules.js';
import { sequenceOfDefault } from './sequence.rules.js';
import { addConstraint, setNotNull } from './constraint.rules.js';

/** ALTER TABLE ALL IN TABLESPACE. */
export function moveAll(on: StatementInspection): void {
  on.report('cluster-or-vacuum-full', {
    message: 'SET TABLESPACE writes every relation of the tablespace again while reads and writes of it wait',
  });
}

/** ALTER TABLE: each of its commands. ALTER INDEX and others have the same parse node. */
export function alterTable(on: StatementInspection): void {
  const { fields } = on.ddl;
  const table = tableOf(fields['relation']);
  if (!table) return;
  for (const command of inOrder(nodesOf(fields['cmds'], 'AlterTableCmd')))
    COMMANDS[text(command['subtype']) ?? '']?.(on, table, command);
}

/** PostgreSQL drops constraints first, so that a dropped CHECK proves nothing to the other commands. */
function inOrder(commands: readonly Json[]): readonly Json[] {
  const drops = commands.filter(({ subtype }) => subtype === 'AT_DropConstraint');
  return drops.length === 0
    ? commands
    : [...drops, ...commands.filter((command) => !drops.includes(command))];
}

type CommandRule = (on: StatementInspection, table: TableName, command: Json) => void;

const COMMANDS: Readonly<Record<string, CommandRule>> = {
  AT_AddColumn: (on, table, { def, missing_ok: mayExist }) => {
    const definition = nodeOf(def, 'ColumnDef') ?? {};
    const column = text(definition['colname']) ?? '';
    if (mayExist === true && on.hasColumn(table, column)) return;
    addColumn(on, table, definition);
    // With IF NOT EXISTS, the column may be an old one.
    if (mayExist !== true) on.state.noteAdded(table, column);
  },
  AT_DropConstraint: (on, table, { name }) => on.state.dropConstraint(table, text(name) ?? ''),
  AT_AddConstraint: (on, table, { def }) => addConstraint(on, table, nodeOf(def, 'Constraint') ?? {}),
  AT_AlterColumnType: changeType,
  AT_SetNotNull: (on, table, { name }) => setNotNull(on, table, text(name) ?? ''),
  AT_ColumnDefault: changeDefault,
  AT_DropNotNull: (on, table, { name }) => {
    on.state.noteColumn(table, text(name) ?? '', { notNull: false, provenBy: [] });
    on.state.dropped.restoreDefault(table, text(name) ?? '');
  },
  AT_DropIdentity: (on, table, { name, missing_ok: mayMiss }) => {
    if (mayMiss !== true || on.column(table, text(name) ?? '').isIdentity === true)
      reportLostDefault(on, table, text(name) ?? '', 'identity');
  },
  AT_AddIdentity: (on, table, { name }) => {
    on.state.dropped.restoreDefault(table, text(name) ?? '');
    on.state.noteColumn(table, text(name) ?? '', { isIdentity: true });
  },
  AT_ValidateConstraint: validate,
  AT_DropColumn: dropColumn,
  AT_AttachPartition: attachPartition,
  AT_DetachPartition: detachPartition,
  AT_AlterConstraint: alterConstraint,
  AT_SetExpression: (on, table, { name }) =>
    on.report('stored-generated', {
      table,
      message: `the new expression is computed for each row, so that PostgreSQL writes the whole table ${fullTableName(table)} again while reads and writes wait`,
      names: { column: text(name) ?? '' },
    }),
  AT_SetLogged: rewrite,
  AT_SetUnLogged: rewrite,
  AT_SetTableSpace: rewrite,
  AT_SetAccessMethod: rewrite,
};

/** The release that runs leaves the column out of its inserts, or writes DEFAULT, as TypeORM does. */
function changeDefault(on: StatementInspection, table: TableName, { name, def }: Json): void {
  const column = text(name) ?? '';
  on.state.dropped.restoreDefault(table, column);
  const sequence = sequenceOfDefault(def);
  if (sequence || on.state.column(table, column)?.sequence) on.state.noteColumn(table, column, { sequence });
  const isNullable =
    on.state.column(table, column)?.notNull === false || on.column(table, column).notNull !== true;
  if (def === undefined && !isNullable) reportLostDefault(on, table, column, 'default');
}

function reportLostDefault(
  on: StatementInspection,
  table: TableName,
  column: string,
  what: 'default' | 'identity',
): void {
  const { length } = on.findings;
  on.report('default-dropped', {
    table,
    message: `${fullTableName(table)}.${column} is NOT NULL, so that inserts of a release that relies on its ${what} fail`,
    names: { column },
  });
  if (on.findings.length > length) on.state.dropped.dropDefault(table, column);
}

function rewrite(on: StatementInspection, table: TableName, { subtype }: Json): void {
  if (on.ddl.fields['objtype'] === 'OBJECT_SEQUENCE') return;
  const what = {
    AT_SetLogged: 'SET LOGGED',
    AT_SetUnLogged: 'SET UNLOGGED',
    AT_SetTableSpace: 'SET TABLESPACE',
  };
  const command = what[text(subtype) as keyof typeof what] ?? 'SET ACCESS METHOD';
  on.report('cluster-or-vacuum-full', {
    table,
    message: `${command} writes the whole table ${fullTableName(table)} again while reads and writes wait`,
  });
}

/** VALIDATE CONSTRAINT blocks nothing, unless the transaction still holds the lock of an earlier statement. */
function validate(on: StatementInspection, table: TableName, { name }: Json): void {
  const constraint = text(name) ?? '';
  on.state.validate(table, constraint);
  const earlier = on.held(table);
  const lock = earlier ?? lockOfOthers(on.ddl.fields);
  if (!lock) return scanUnderLock(on, table, 'VALIDATE CONSTRAINT');
  const holder = earlier
    ? 'the transaction still holds the lock of an earlier statement'
    : 'the same ALTER TABLE holds a stronger lock';
  on.report('check-validated', {
    table,
    lock,
    message: `VALIDATE CONSTRAINT reads every row of ${fullTableName(table)} while ${holder}`,
    names: { constraint },
  });
}

/** The lock of the other commands of ALTER TABLE, if reads or writes wait for it. */
function lockOfOthers(fields: Json): LockMode | undefined {
  const strong = nodesOf(fields['cmds'], 'AlterTableCmd').filter(
    ({ subtype }) => !WEAK_COMMANDS.has(text(subtype) ?? ''),
  );
  if (strong.length === 0) return undefined;
  return strong.every(isForeignKey) ? 'ShareRowExclusiveLock' : 'AccessExclusiveLock';
}

function dropColumn(on: StatementInspection, table: TableName, { name }: Json): void {
  const column = text(name) ?? '';
  // An attribute of a composite type.
  if (on.ddl.fields['objtype'] === 'OBJECT_TYPE') return;
  const isAdded = on.state.hasAdded(table, column);
  if (!on.state.isNew(table)) on.state.dropColumn(table, column);
  on.state.dropped.restoreDefault(table, column);
  const reader = on.context.catalog?.readerOf(table, column);
  if (reader === undefined) return reportUnread(on, table, { column, isAdded });
  on.report('drop-column-in-use', {
    table,
    message: `${reader} still reads ${fullTableName(table)}.${column}`,
    names: { column },
  });
}

/** TypeORM generates DROP COLUMN as soon as the property is removed, when the old release still has it. */
function reportUnread(
  on: StatementInspection,
  table: TableName,
  { column, isAdded }: { readonly column: string; readonly isAdded: boolean },
): void {
  if (isAdded || on.lacksColumn(table, column)) return;
  on.report('drop-column', {
    table,
    message: `releases that still run fail if an entity of them has ${fullTableName(table)}.${column}`,
    names: { column },
  });
}

function detachPartition(on: StatementInspection, parent: TableName, { def }: Json): void {
  const command = nodeOf(def, 'PartitionCmd');
  const partition = tableOf(command?.['name']);
  if (!partition || command?.['concurrent'] === true || on.state.isNew(partition)) return;
  const version = on.olderThan(14);
  on.report('partition-detached', {
    table: parent,
    message: `DETACH PARTITION waits for every query of ${fullTableName(parent)}, and every later query waits for it${version === undefined ? '' : `; PostgreSQL ${version} has no CONCURRENTLY for it`}`,
    names: { to: fullTableName(partition) },
  });
}

/** ALTER CONSTRAINT … ENFORCED, since PostgreSQL 18. */
function alterConstraint(on: StatementInspection, table: TableName, { def }: Json): void {
  const change = nodeOf(def, 'ATAlterConstraint');
  const constraint = text(change?.['conname']) ?? '';
  if (change?.['alterEnforceability'] !== true || change['is_enforced'] !== true) return;
  on.report('foreign-key-validated', {
    table,
    message: `ENFORCED checks the constraint ${constraint} on every row of ${fullTableName(table)} while writes wait`,
    names: { constraint },
  });
}

function attachPartition(on: StatementInspection, parent: TableName, { def }: Json): void {
  const partition = tableOf(nodeOf(def, 'PartitionCmd')?.['name']);
  // ALTER INDEX … ATTACH PARTITION reads nothing.
  if (!partition || on.ddl.fields['objtype'] === 'OBJECT_INDEX') return;
  reportDefaultPartition(on, parent, partition);
  if (nodeOf(nodeOf(def, 'PartitionCmd')?.['bound'], 'PartitionBoundSpec')?.['is_default'] === true)
    on.state.noteDefaultPartition(parent, partition);
  if (on.hasCheck(partition)) return;
  on.report('partition-attached-unchecked', {
    table: partition,
    message: `ATTACH PARTITION reads every row of ${fullTableName(partition)} while reads and writes of it wait, because no CHECK proves the bound`,
    alsoLocks: [parent],
    names: { to: fullTableName(parent) },
  });
}

/** The rows of the new bound could be in the default partition. */
function reportDefaultPartition(on: StatementInspection, parent: TableName, partition: TableName): void {
  const rest = on.defaultPartition(parent);
  if (!rest || isSameName(rest, partition)) return;
  if (on.hasCheck(rest)) return;
  on.report('partition-attached-unchecked', {
    table: rest,
    message: `ATTACH PARTITION reads every row of the default partition ${fullTableName(rest)} while reads and writes of it wait, because no CHECK proves that it has no row of the new bound`,
    alsoLocks: [parent],
    names: { to: fullTableName(parent) },
  });
}

/** The relations that ALTER TABLE locks so that reads or writes wait. */
export function tablesOfAlter(fields: Json): readonly TableName[] {
  const table = tableOf(fields['relation']);
  const commands = nodesOf(fields['cmds'], 'AlterTableCmd');
  const isWeak = commands.every(({ subtype }) => WEAK_COMMANDS.has(text(subtype) ?? ''));
  if (!table || isWeak || fields['objtype'] === 'OBJECT_INDEX') return [];
  const tables = [table];
  for (const { def } of commands) {
    const reference = nodeOf(nodeOf(def, 'Constraint'), 'pktable');
    const referenced = reference && tableOf(reference);
    if (referenced) tables.push(referenced);
  }
  return tables;
}

/** ADD FOREIGN KEY alone takes SHARE ROW EXCLUSIVE, on both tables. */
export function isOnlyForeignKeys(fields: Json): boolean {
  return nodesOf(fields['cmds'], 'AlterTableCmd').every(isForeignKey);
}

function isForeignKey({ subtype, def }: Json): boolean {
  return subtype === 'AT_AddConstraint' && nodeOf(def, 'Constraint')?.['contype'] === 'CONSTR_FOREIGN';
}

/** Commands with SHARE UPDATE EXCLUSIVE, which lets reads and writes pass. */
const WEAK_COMMANDS = new Set([
  'AT_ValidateConstraint',
  'AT_SetStatistics',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_AttachPartition',
  'AT_ClusterOn',
  'AT_DropCluster',
]);
