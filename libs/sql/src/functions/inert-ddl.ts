import type { Statement } from '../classification/statement.types.js';
import { isObject, type Json, list, nameParts, nodeOf, nodesOf, text } from '../parser/parser-nodes.js';

/** PostgreSQL's own types that are written without a schema. */
const COMMON_TYPES = new Set('text uuid json jsonb date bytea inet'.split(' '));

/**
 * Whether a statement runs no routine, so that only an event trigger can write rows with it: changes of columns
 * and constraints that evaluate no expression, or only PostgreSQL's own. It writes no table again, and locks the
 * tables that it names. It presumes that `pg_catalog` is searched first.
 *
 * @publicApi
 */
export function isInert({ node, ddl, unknowns, calls, findings, settings }: Statement): boolean {
  const [statement, ...others] = ddl;
  if (node !== 'AlterTableStmt' || !statement || others.length > 0 || statement.node !== node) return false;
  if (unknowns.length + calls.length + findings.length + settings.length > 0) return false;
  const { fields } = statement;
  if (fields['objtype'] !== 'OBJECT_TABLE') return false;
  return nodesOf(fields['cmds'], 'AlterTableCmd').every(isInertCommand);
}

const INERT_COMMANDS = new Set([
  'AT_DropColumn',
  'AT_DropConstraint',
  'AT_DropNotNull',
  'AT_SetNotNull',
  'AT_SetStatistics',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
]);

function isInertCommand({ subtype, def }: Json): boolean {
  switch (text(subtype)) {
    case 'AT_AddColumn':
      return isInertColumn(nodeOf(def, 'ColumnDef') ?? {});
    case 'AT_ColumnDefault':
      // It is evaluated for later rows only.
      return true;
    case 'AT_AddConstraint': {
      const { contype, skip_validation: isUnchecked, indexname } = nodeOf(def, 'Constraint') ?? {};
      const isExpression = contype === 'CONSTR_FOREIGN' || contype === 'CONSTR_CHECK';
      return isExpression ? isUnchecked === true : indexname !== undefined;
    }
    default:
      return INERT_COMMANDS.has(text(subtype) ?? '');
  }
}

function isInertColumn(column: Json): boolean {
  return (
    isBuiltinType(column['typeName']) &&
    nodesOf(column['constraints'], 'Constraint').every(
      ({ contype, raw_expr: expression }) =>
        contype === 'CONSTR_NULL' ||
        contype === 'CONSTR_NOTNULL' ||
        (contype === 'CONSTR_DEFAULT' && (isConstant(expression) || isTime(expression))),
    )
  );
}

function isBuiltinType(typeName: unknown): boolean {
  const names = nameParts(
    isObject(typeName) ? (nodeOf(typeName, 'TypeName') ?? typeName)['names'] : undefined,
  );
  const [first, ...rest] = names;
  return first === 'pg_catalog' ? rest.length === 1 : rest.length === 0 && COMMON_TYPES.has(first ?? '');
}

const TIMES = new Set(['now', 'transaction_timestamp', 'statement_timestamp']);

/** The time or the user of the transaction: the same value for all rows. */
function isTime(expression: unknown): boolean {
  if (nodeOf(expression, 'SQLValueFunction')) return true;
  const call = nodeOf(expression, 'FuncCall');
  const [name = '', ...schema] = [...nameParts(call?.['funcname'])].reverse();
  return call?.['args'] === undefined && TIMES.has(name) && schema.every((part) => part === 'pg_catalog');
}

function isConstant(expression: unknown): boolean {
  const cast = nodeOf(expression, 'TypeCast');
  if (cast) return isBuiltinType(cast['typeName']) && isConstant(cast['arg']);
  return nodeOf(expression, 'A_Const') !== undefined && list(expression).length === 0;
}
