import { constantText, isObject, type Json, list, nodeOf, nodesOf, text } from '../parser/parser-nodes.js';
import type { SettingChange, StatementEffect, TransactionControl } from './statement.types.js';

const READS = [
  'SelectStmt',
  'VariableShowStmt',
  'ExplainStmt',
  'CopyStmt',
  'FetchStmt',
  'DeclareCursorStmt',
  'PrepareStmt',
  'ExecuteStmt',
  'CallStmt',
  'DoStmt',
];

const SESSION = [
  'TransactionStmt',
  'VariableSetStmt',
  'DiscardStmt',
  'DeallocateStmt',
  'ListenStmt',
  'UnlistenStmt',
  'NotifyStmt',
  'LockStmt',
  'ConstraintsSetStmt',
  'LoadStmt',
  'ClosePortalStmt',
  'CheckPointStmt',
  'AlterSystemStmt',
];

/** Changes rows whatever else is in it. */
const DATA = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'TruncateStmt'];

/** Definitions and maintenance. REFRESH rewrites a materialized view's rows, which are derived and can be made again. */
const SCHEMA = [
  'CommentStmt',
  'ClusterStmt',
  'CompositeTypeStmt',
  'DefineStmt',
  'DropStmt',
  'DropOwnedStmt',
  'DropRoleStmt',
  'DropSubscriptionStmt',
  'DropTableSpaceStmt',
  'DropUserMappingStmt',
  'DropdbStmt',
  'GrantRoleStmt',
  'GrantStmt',
  'ImportForeignSchemaStmt',
  'IndexStmt',
  'ReassignOwnedStmt',
  'RefreshMatViewStmt',
  'ReindexStmt',
  'RenameStmt',
  'RuleStmt',
  'SecLabelStmt',
  'VacuumStmt',
  'ViewStmt',
];

/** Every `Create…Stmt` and `Alter…Stmt` defines something; what a CREATE TABLE AS copies is found by itself. */
const DEFINES = /^(Create|Alter)\w*Stmt$/;

const EFFECTS: ReadonlyMap<string, StatementEffect> = new Map([
  ...READS.map((kind) => [kind, 'read'] as const),
  ...SESSION.map((kind) => [kind, 'session'] as const),
  ...DATA.map((kind) => [kind, 'data'] as const),
  ...SCHEMA.map((kind) => [kind, 'schema'] as const),
]);

/** The effect that a kind of statement has when nothing else is found in it. */
export function effectOfKind(kind: string): StatementEffect {
  return EFFECTS.get(kind) ?? (DEFINES.test(kind) ? 'schema' : 'unknown');
}

const TRANSACTION: Readonly<Record<string, TransactionControl>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
  TRANS_STMT_SAVEPOINT: 'savepoint',
  TRANS_STMT_RELEASE: 'release',
  TRANS_STMT_ROLLBACK_TO: 'rollback-to',
  TRANS_STMT_PREPARE: 'prepare',
  TRANS_STMT_COMMIT_PREPARED: 'commit',
  TRANS_STMT_ROLLBACK_PREPARED: 'rollback',
};

export function transactionControl(kind: string, fields: Json): TransactionControl | undefined {
  return kind === 'TransactionStmt' ? TRANSACTION[text(fields['kind']) ?? ''] : undefined;
}

const NEVER_IN_A_TRANSACTION = new Set([
  'CreatedbStmt',
  'DropdbStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'AlterSystemStmt',
]);

/** From PostgreSQL's PreventInTransactionBlock: what fails with "cannot run inside a transaction block". */
export function refusesTransaction(kind: string, fields: Json): boolean {
  if (NEVER_IN_A_TRANSACTION.has(kind)) return true;
  if (kind === 'VacuumStmt') return fields['is_vacuumcmd'] === true;
  if (kind === 'IndexStmt' || kind === 'DropStmt') return fields['concurrent'] === true;
  if (kind === 'ReindexStmt')
    return hasOption(fields['params'], 'concurrently') || !/INDEX|TABLE/.test(String(fields['kind']));
  if (kind === 'AlterTableStmt')
    return list(fields['cmds']).some((command) => {
      const definition = nodeOf(nodeOf(command, 'AlterTableCmd')?.['def'], 'PartitionCmd');
      return definition?.['concurrent'] === true;
    });
  return kind === 'ClusterStmt' && fields['relation'] === undefined;
}

/** EXPLAIN runs its statement only with ANALYZE. */
export function explainRuns(fields: Json): boolean {
  return hasOption(fields['options'], 'analyze');
}

/** PostgreSQL's CURSOR_OPT_HOLD: what the query does, it does at the commit, behind every check of the transaction. */
const CURSOR_HOLD = 0x20;

export function holdsCursor(fields: Json): boolean {
  return (Number(fields['options'] ?? 0) & CURSOR_HOLD) !== 0;
}

function hasOption(options: unknown, name: string): boolean {
  const option = nodesOf(options, 'DefElem').findLast((item) => item['defname'] === name);
  return option !== undefined && !isFalse(option['arg']);
}

/** As PostgreSQL's defGetBoolean reads it. */
function isFalse(value: unknown): boolean {
  if (value === undefined) return false;
  const integer = nodeOf(value, 'Integer');
  if (integer) return (integer['ival'] ?? 0) === 0;
  const boolean = nodeOf(value, 'Boolean');
  if (boolean) return boolean['boolval'] !== true;
  return ['false', 'off', '0'].includes(text(value)?.toLowerCase() ?? '');
}

/** Server settings that a statement changes, for the session or for what runs later. */
export function settingsOf(kind: string, fields: Json): readonly SettingChange[] {
  switch (kind) {
    case 'VariableSetStmt':
      return [settingOf(fields)];
    case 'AlterSystemStmt':
      return isObject(fields['setstmt']) ? [settingOf(fields['setstmt'])] : [];
    case 'AlterFunctionStmt':
      return ownSettings(fields['actions']);
    default:
      return [];
  }
}

/** The SET clauses of a routine, which hold while it runs. */
export function ownSettings(options: unknown): readonly SettingChange[] {
  return nodesOf(options, 'DefElem')
    .filter((option) => option['defname'] === 'set')
    .map((option) => nodeOf(option['arg'], 'VariableSetStmt') ?? {})
    .filter((setting) => setting['name'] !== undefined)
    .map(settingOf);
}

function settingOf(fields: Json): SettingChange {
  const name = text(fields['name'])?.toLowerCase() ?? '*';
  const value = constantText(list(fields['args'])[0]);
  return { name, ...(value !== undefined && { value }) };
}
