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

/** These always change rows. */
const DATA = ['InsertStmt', 'UpdateStmt', 'DeleteStmt', 'MergeStmt', 'TruncateStmt'];

/**
 * Definitions and maintenance. REFRESH only writes the rows of a materialized view, which are derived from
 * other tables.
 */
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

/**
 * Every `Create…Stmt` and `Alter…Stmt` is a definition. The rows that CREATE TABLE AS copies are a finding.
 */
const DEFINITION = /^(Create|Alter)\w*Stmt$/;

const EFFECTS: ReadonlyMap<string, StatementEffect> = new Map([
  ...READS.map((kind) => [kind, 'read'] as const),
  ...SESSION.map((kind) => [kind, 'session'] as const),
  ...DATA.map((kind) => [kind, 'data'] as const),
  ...SCHEMA.map((kind) => [kind, 'schema'] as const),
]);

/** The effect of a kind of statement, as long as nothing inside it has another effect. */
export function effectOfKind(kind: string): StatementEffect {
  return EFFECTS.get(kind) ?? (DEFINITION.test(kind) ? 'schema' : 'unknown');
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

const NEVER_IN_TRANSACTION = new Set([
  'CreatedbStmt',
  'DropdbStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'AlterSystemStmt',
]);

/**
 * Whether the statement fails with "cannot run inside a transaction block" (PreventInTransactionBlock in
 * PostgreSQL's source).
 */
export function refusesTransaction(kind: string, fields: Json): boolean {
  if (NEVER_IN_TRANSACTION.has(kind)) return true;
  if (kind === 'VacuumStmt') return fields['is_vacuumcmd'] === true;
  if (kind === 'IndexStmt' || kind === 'DropStmt') return fields['concurrent'] === true;
  if (kind === 'ReindexStmt')
    return hasOption(fields['params'], 'concurrently') || !/_(INDEX|TABLE)$/.test(String(fields['kind']));
  if (kind === 'AlterDatabaseStmt') return hasOption(fields['options'], 'tablespace');
  if (kind === 'AlterTableStmt')
    return list(fields['cmds']).some((command) => {
      const definition = nodeOf(nodeOf(command, 'AlterTableCmd')?.['def'], 'PartitionCmd');
      return definition?.['concurrent'] === true;
    });
  return kind === 'ClusterStmt' && fields['relation'] === undefined;
}

/** Whether EXPLAIN runs its statement: only with ANALYZE. */
export function explainRuns(fields: Json): boolean {
  return hasOption(fields['options'], 'analyze');
}

/** CURSOR_OPT_HOLD in PostgreSQL's source. */
const CURSOR_HOLD = 0x20;

/**
 * Why the row counters of the transaction do not show the effect of the statement; undefined if they show it.
 */
export function remoteEffect(kind: string, fields: Json): string | undefined {
  const isHeldCursor = kind === 'DeclareCursorStmt' && (Number(fields['options'] ?? 0) & CURSOR_HOLD) !== 0;
  if (isHeldCursor) return 'a cursor WITH HOLD runs its query at the commit';
  if (kind === 'CopyStmt' && fields['is_program'] === true)
    return 'COPY … PROGRAM runs a command on the server';
  return undefined;
}

/** False for most definitions: they store their statements without running them. */
export function canContainDml(kind: string): boolean {
  return effectOfKind(kind) !== 'schema' || kind === 'CreateTableAsStmt';
}

const EVALUATING_DEFINITIONS = new Set(['AlterTableStmt', 'IndexStmt', 'CreateTableAsStmt']);

/** Most definitions store their expressions. These evaluate them for each row. */
export function evaluatesExpressions(kind: string): boolean {
  return effectOfKind(kind) !== 'schema' || EVALUATING_DEFINITIONS.has(kind);
}

const DATA_VERBS = new Set(['update', 'insert', 'delete', 'merge', 'truncate', 'copy']);
const SCHEMA_VERBS = new Set(['alter', 'create', 'drop', 'comment', 'grant', 'revoke', 'reindex', 'refresh']);

/** The likely effect of a text that cannot be parsed, by its first word. */
export function effectOfVerb(sql: string): StatementEffect {
  const verb = /^[\s(]*([a-z]+)/i.exec(sql)?.[1]?.toLowerCase() ?? '';
  if (DATA_VERBS.has(verb)) return 'data';
  return SCHEMA_VERBS.has(verb) ? 'schema' : 'unknown';
}

export function hasOption(options: unknown, name: string): boolean {
  const option = nodesOf(options, 'DefElem').findLast((item) => item['defname'] === name);
  return option !== undefined && !isFalse(option['arg']);
}

/** The same rules as defGetBoolean in PostgreSQL's source. */
function isFalse(value: unknown): boolean {
  if (value === undefined) return false;
  const integer = nodeOf(value, 'Integer');
  if (integer) return (integer['ival'] ?? 0) === 0;
  const boolean = nodeOf(value, 'Boolean');
  if (boolean) return boolean['boolval'] !== true;
  return ['false', 'off', '0'].includes(text(value)?.toLowerCase() ?? '');
}

/** Server settings that a statement changes: for the session, or for later calls of a routine. */
export function settingsOf(kind: string, fields: Json): readonly SettingChange[] {
  switch (kind) {
    case 'VariableSetStmt':
      return [settingOf(fields)];
    case 'AlterSystemStmt':
      return isObject(fields['setstmt']) ? [settingOf(fields['setstmt'])] : [];
    case 'AlterFunctionStmt':
      return routineSettings(fields['actions']);
    default:
      return [];
  }
}

/** The SET clauses of a routine, which apply while it runs. */
export function routineSettings(options: unknown): readonly SettingChange[] {
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
