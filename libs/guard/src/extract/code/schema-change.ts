import { isObject, list, nameParts, nodeOf, nodesOf, text, visit } from 'nestjs-backfill-sql/tree';
import type { SqlPiece } from './code-units.js';

/** Statements that only add something, so that they can run before a backfill that stood before them. */
const ADDING = new Set([
  'CreateStmt',
  'CreateEnumStmt',
  'CompositeTypeStmt',
  'CreateDomainStmt',
  'CreateRangeStmt',
  'CreateSchemaStmt',
  'CreateSeqStmt',
  'CreateExtensionStmt',
  'CommentStmt',
  'VariableShowStmt',
]);
/** Statements about the rows of one relation and its tables, which they name. */
const OF_NAMED_TABLES = new Set([
  'AlterTableStmt',
  'IndexStmt',
  'CreateStatsStmt',
  'ReindexStmt',
  'ClusterStmt',
  'LockStmt',
  'CreatePolicyStmt',
  'AlterPolicyStmt',
]);
/** Statements that belong to the session: they stay where they are. */
const OF_SESSION = new Set(['VariableSetStmt', 'ConstraintsSetStmt', 'TransactionStmt']);
/** Statements that can change what an existing call or cast means: another overload is nearer. */
const OVERLOADING = new Set(['CreateFunctionStmt', 'DefineStmt', 'CreateCastStmt']);
const DATA = new Set([
  'UpdateStmt',
  'DeleteStmt',
  'InsertStmt',
  'TruncateStmt',
  'MergeStmt',
  'CopyStmt',
  'DoStmt',
]);

export function isDataPiece({ kind, fields }: SqlPiece): boolean {
  if (kind === 'SelectStmt') return fields['intoClause'] !== undefined;
  if (kind === 'CreateTableAsStmt') return !(isObject(fields['into']) && fields['into']['skipData'] === true);
  return DATA.has(kind);
}

/** Columns that the statement adds without a default: they are NULL in every row. */
export function columnsAdded(
  piece: SqlPiece,
): { readonly table: string; readonly columns: readonly string[] } | undefined {
  if (piece.kind !== 'AlterTableStmt') return undefined;
  const columns = alterations(piece).flatMap(({ subtype, definition, missingOk }) => {
    const column = nodeOf(definition, 'ColumnDef');
    if (subtype !== 'AT_AddColumn' || missingOk || !column) return [];
    const constraints = nodesOf(column['constraints'], 'Constraint').map(({ contype }) => contype);
    const isPlain = constraints.every(
      (kind) => kind === 'CONSTR_NULL' || kind === 'CONSTR_UNIQUE' || kind === 'CONSTR_FOREIGN',
    );
    // serial types have a default of their own.
    const isSerial = JSON.stringify(column['typeName']).includes('serial');
    return isPlain && !isSerial ? [text(column['colname']) ?? ''] : [];
  });
  return { table: tableOf(piece), columns };
}

interface Alteration {
  readonly subtype: string;
  readonly name: string;
  readonly definition: unknown;
  readonly missingOk: boolean;
}

export function alterations({ fields }: SqlPiece): readonly Alteration[] {
  return list(fields['cmds']).map((item) => {
    const command = nodeOf(item, 'AlterTableCmd') ?? {};
    return {
      subtype: text(command['subtype']) ?? '',
      name: text(command['name']) ?? '',
      definition: command['def'],
      missingOk: command['missing_ok'] === true,
    };
  });
}

export function tableOf({ fields }: SqlPiece): string {
  return isObject(fields['relation']) ? (text(fields['relation']['relname']) ?? '') : '';
}

/** The tables that a statement names, and everything that it drops. */
export function objectsOf(piece: SqlPiece): ReadonlySet<string> {
  const objects = new Set<string>();
  if (piece.kind === 'DropStmt' || piece.kind === 'RenameStmt' || piece.kind === 'CommentStmt')
    return piece.names;
  visit({ tree: piece.fields }, (kind, fields) => {
    if (kind === 'RangeVar' || kind === 'relation' || kind === 'pktable')
      objects.add(text(fields['relname']) ?? '');
    return true;
  });
  return objects;
}

/** Whether it can run before the moved statements although it stood after them. */
export function canRunEarlier(piece: SqlPiece): boolean {
  if (piece.kind === 'IndexStmt') return piece.fields['unique'] !== true;
  if (piece.kind === 'ViewStmt' || OVERLOADING.has(piece.kind)) return piece.fields['replace'] !== true;
  if (piece.kind === 'GrantStmt') return piece.fields['is_grant'] === true;
  if (piece.kind !== 'AlterTableStmt') return ADDING.has(piece.kind);
  return alterations(piece).every(
    ({ subtype, definition }) =>
      subtype === 'AT_ColumnDefault' || (subtype === 'AT_AddColumn' && !needsEmptyTable(definition)),
  );
}

/** A column that is NOT NULL and has no default cannot be added to a table with rows. */
function needsEmptyTable(definition: unknown): boolean {
  const constraints = nodesOf(nodeOf(definition, 'ColumnDef')?.['constraints'], 'Constraint');
  const kinds = constraints.map(({ contype }) => contype);
  return (
    kinds.some((kind) => kind === 'CONSTR_NOTNULL' || kind === 'CONSTR_PRIMARY') &&
    !kinds.some(
      (kind) => kind === 'CONSTR_DEFAULT' || kind === 'CONSTR_IDENTITY' || kind === 'CONSTR_GENERATED',
    )
  );
}

/** Whether it can only matter to statements about the tables that it names: see `objectsOf`. */
export function concernsNamedTables({ kind }: SqlPiece): boolean {
  return OF_NAMED_TABLES.has(kind);
}

/** SET, BEGIN and the like: they change nothing of the database. */
export function isOfSession({ kind }: SqlPiece): boolean {
  return OF_SESSION.has(kind);
}

/** Whether it creates a function, an operator or a cast whose name an earlier statement uses. */
export function overloads(piece: SqlPiece, used: ReadonlySet<string>): boolean {
  if (!OVERLOADING.has(piece.kind)) return false;
  if (piece.kind === 'CreateCastStmt') return true;
  const parts = nameParts(piece.fields['funcname'] ?? piece.fields['defnames']);
  return used.has(parts.at(-1) ?? '');
}

/** Methods of a query runner that only add something. */
export const ADDING_CALLS: ReadonlySet<string> = new Set([
  'createTable',
  'addColumn',
  'addColumns',
  'createSchema',
  'createIndex',
  'createIndices',
]);
