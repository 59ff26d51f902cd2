import {
  isObject,
  type Json,
  list,
  locationOf,
  nodeOf,
  nodesOf,
  startOf,
  text,
  visit,
} from '../parser/parser-nodes.js';
import { isTemporary } from '../functions/temporary-tables.js';
import { normalizeSql, type StatementTokens } from '../parser/statement-tokens.js';
import type { StatementSpan } from './statement-spans.js';
import type { DataFinding, DmlOperation, SetColumn, TableName } from './statement.types.js';
import { joinsSelection, whereShape } from './where-shape.js';

/** A node that changes rows. */
interface DmlNode {
  readonly operation: DmlOperation;
  readonly kind: string;
  readonly fields: Json;
  readonly inCte: boolean;
}

/**
 * Every change of rows in a statement: its own, and those in its CTEs or in the query of a COPY or EXPLAIN
 * ANALYZE.
 */
export function findDml(tree: unknown, span: StatementSpan): readonly DataFinding[] {
  const nodes: DmlNode[] = [];
  collectDml(tree, nodes, 'statement');
  return nodes.flatMap((node) => toFindings(node, span));
}

function collectDml(tree: unknown, found: DmlNode[], place: 'statement' | 'cte'): void {
  if (Array.isArray(tree)) for (const item of tree) collectDml(item, found, place);
  else if (isObject(tree))
    for (const kind in tree) {
      const fields = tree[kind];
      if (typeof fields !== 'object' || fields === null) continue;
      if (isObject(fields)) {
        const operation = operationOf(kind, fields);
        if (operation) found.push({ operation, kind, fields, inCte: place === 'cte' });
      }
      collectDml(fields, found, kind === 'ctequery' ? 'cte' : place);
    }
}

function operationOf(kind: string, fields: Json): DmlOperation | undefined {
  switch (kind) {
    case 'UpdateStmt':
      return 'update';
    case 'DeleteStmt':
      return 'delete';
    case 'MergeStmt':
      return 'merge';
    case 'TruncateStmt':
      return 'truncate';
    case 'InsertStmt':
      return readsRelation(fields) ? 'insert-select' : 'insert';
    case 'CopyStmt':
      return fields['is_from'] === true ? 'copy' : undefined;
    case 'intoClause':
      return isTemporary(fields['rel']) ? undefined : 'select-into';
    case 'CreateTableAsStmt':
      return copiesRows(fields) ? 'create-table-as' : undefined;
    default:
      return undefined;
  }
}

/** False for a materialized view, whose rows are derived, for a temporary table, and for WITH NO DATA. */
function copiesRows(fields: Json): boolean {
  const into = fields['into'];
  if (fields['objtype'] === 'OBJECT_MATVIEW' || !isObject(into)) return false;
  return into['skipData'] !== true && !isTemporary(into['rel']);
}

function readsRelation(insert: Json): boolean {
  const select = nodeOf(insert['selectStmt'], 'SelectStmt');
  return select !== undefined && selectReads(select);
}

function selectReads(select: Json): boolean {
  if (list(select['fromClause']).some((item) => !isValues(item))) return true;
  return [select['larg'], select['rarg']].some((arm) => isObject(arm) && selectReads(arm));
}

function isValues(fromItem: unknown): boolean {
  const subselect = nodeOf(nodeOf(fromItem, 'RangeSubselect')?.['subquery'], 'SelectStmt');
  return subselect !== undefined && (list(subselect['valuesLists']).length > 0 || !selectReads(subselect));
}

function toFindings(node: DmlNode, span: StatementSpan): readonly DataFinding[] {
  const { operation, fields, inCte } = node;
  const { unit } = span;
  const targets = targetsOf(node);
  const tokens = unit.tokensOf(span.start, span.end);
  const isInner = inCte || span.isContainer === true;
  const location = locationOf(targets[0] ?? {}) ?? span.start;
  const start = isInner ? (tokens.wordBefore(location, FIRST_WORD[operation]) ?? span.start) : span.start;
  const statement = isInner && !tokens.isEmpty ? tokens.statementFrom(start) : span.text;
  const where = whereOf(node, tokens);
  const finding: DataFinding = {
    rule: operation,
    operation,
    position: unit.position(start),
    text: statement,
    normalized: normalizeSql(unit.parser, statement),
    ...(where && { where }),
    ...(joinsSelection(fields) && { joinsSelection: true as const }),
    set: setOf(node, tokens),
    sources: operation === 'truncate' ? [] : sourcesOf(fields),
    ...rowsOf(node),
    inLoop: unit.place.inLoop,
    inCte,
    via: unit.place.via,
    dynamic: unit.place.isDynamic,
  };
  return targets.length === 0 ? [finding] : targets.map((target) => ({ ...finding, table: tableOf(target) }));
}

const FIRST_WORD: Readonly<Record<DmlOperation, string>> = {
  update: 'update',
  insert: 'insert',
  'insert-select': 'insert',
  delete: 'delete',
  merge: 'merge',
  copy: 'copy',
  truncate: 'truncate',
  'create-table-as': 'create',
  'select-into': 'select',
  'large-object': 'select',
};

function targetsOf({ operation, fields }: DmlNode): readonly Json[] {
  if (operation === 'truncate') return nodesOf(fields['relations'], 'RangeVar');
  const into = operation === 'create-table-as' ? fields['into'] : fields;
  const relation = isObject(into) ? (into['relation'] ?? into['rel']) : undefined;
  return isObject(relation) ? [relation] : [];
}

function tableOf(range: Json): TableName {
  const schema = text(range['schemaname']);
  return { ...(schema !== undefined && { schema }), name: text(range['relname']) ?? '' };
}

function whereOf({ operation, fields }: DmlNode, tokens: StatementTokens) {
  const holder = operation === 'insert-select' ? nodeOf(fields['selectStmt'], 'SelectStmt') : fields;
  const condition = holder?.['whereClause'];
  if (condition === undefined) return undefined;
  const location = startOf({ condition });
  return whereShape(condition, location === undefined ? '' : tokens.whereAround(location));
}

function setOf({ kind, fields }: DmlNode, tokens: StatementTokens): readonly SetColumn[] {
  if (kind === 'UpdateStmt') return list(fields['targetList']).map((target) => assignment(target, tokens));
  if (kind === 'MergeStmt')
    return nodesOf(fields['mergeWhenClauses'], 'MergeWhenClause')
      .filter((clause) => clause['commandType'] === 'CMD_UPDATE')
      .flatMap((clause) => list(clause['targetList']).map((target) => assignment(target, tokens)));
  return list(fields['cols']).map((target) => ({ column: targetName(target), expression: '' }));
}

function targetName(target: unknown): string {
  return text(nodeOf(target, 'ResTarget')?.['name']) ?? '';
}

function assignment(target: unknown, tokens: StatementTokens): SetColumn {
  const fields = nodeOf(target, 'ResTarget') ?? {};
  const location = locationOf(fields);
  const isMultiple = nodeOf(fields['val'], 'MultiAssignRef') !== undefined;
  // The expression of `(a, b) = (…)` cannot be divided among the columns.
  const expression = isMultiple || location === undefined ? '' : tokens.assignedAt(location);
  return { column: targetName(target), expression };
}

function sourcesOf(fields: Json): readonly TableName[] {
  const tables = new Map<string, TableName>();
  const ctes = new Set<string>();
  visit(fields, (kind, inner) => {
    if (kind === 'CommonTableExpr') ctes.add(text(inner['ctename']) ?? '');
    if (kind === 'RangeVar') {
      const table = tableOf(inner);
      tables.set(`${table.schema ?? ''}.${table.name}`, table);
    }
    return true;
  });
  return [...tables.values()].filter((table) => table.schema !== undefined || !ctes.has(table.name));
}

function rowsOf({ operation, fields }: DmlNode): { readonly rows?: number } {
  if (operation !== 'insert') return {};
  const rows = list(nodeOf(fields['selectStmt'], 'SelectStmt')?.['valuesLists']).length;
  return { rows: Math.max(rows, 1) };
}
