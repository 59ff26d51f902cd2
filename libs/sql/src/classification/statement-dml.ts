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
import { normalizeSql } from '../text/statement-tokens.js';
import { whereShape } from './statement-where.js';
import type { StatementTokens } from '../text/statement-tokens.js';
import type { SqlUnit } from './statement-unit.js';
import type { DataFinding, DmlOperation, SetColumn, TableName } from './statement.types.js';

/** The top-level statement that a piece of the tree belongs to. */
export interface StatementSpan {
  readonly unit: SqlUnit;
  /** In the parser's bytes. */
  readonly start: number;
  readonly end: number;
  readonly text: string;
  /** The changes stand inside a larger statement (BEGIN ATOMIC): each is described by its own part of the text. */
  readonly encloses?: boolean;
}

/** Every change of rows in a statement's tree: itself, in its CTEs, in the query of a COPY or an EXPLAIN ANALYZE. */
export function findDml(tree: unknown, span: StatementSpan): readonly DataFinding[] {
  const found: DataFinding[] = [];
  collect(tree, false, (kind, fields, inCte) => {
    const operation = operationOf(kind, fields);
    if (operation) found.push(...describe(operation, kind, fields, span, inCte));
  });
  return found;
}

function collect(
  tree: unknown,
  inCte: boolean,
  found: (kind: string, fields: Json, inCte: boolean) => void,
): void {
  if (Array.isArray(tree)) for (const item of tree) collect(item, inCte, found);
  else if (isObject(tree))
    for (const kind in tree) {
      const fields = tree[kind];
      if (typeof fields !== 'object' || fields === null) continue;
      if (isObject(fields)) found(kind, fields, inCte);
      collect(fields, inCte || kind === 'ctequery', found);
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
      return 'select-into';
    case 'CreateTableAsStmt':
      return createsRows(fields) ? 'create-table-as' : undefined;
    default:
      return undefined;
  }
}

/** A materialized view's rows are derived, and WITH NO DATA copies none. */
function createsRows(fields: Json): boolean {
  const into = fields['into'];
  return fields['objtype'] !== 'OBJECT_MATVIEW' && !(isObject(into) && into['skipData'] === true);
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

function describe(
  operation: DmlOperation,
  kind: string,
  fields: Json,
  span: StatementSpan,
  inCte: boolean,
): readonly DataFinding[] {
  const { unit } = span;
  const targets = targetsOf(operation, fields);
  const tokens = unit.tokensOf(span.start, span.end);
  const inner = inCte || span.encloses === true;
  const target = locationOf(targets[0] ?? {}) ?? span.start;
  const start = inner ? (tokens.wordBefore(target, WORD[operation]) ?? span.start) : span.start;
  const statement = inner && !tokens.empty ? tokens.statementFrom(start) : span.text;
  const where = whereOf(operation, fields, tokens);
  const shared = {
    rule: operation,
    operation,
    position: unit.position(start),
    text: statement,
    normalized: normalizeSql(unit.parser, statement),
    ...(where && { where }),
    set: setOf(kind, fields, tokens),
    sources: operation === 'truncate' ? [] : sourcesOf(fields),
    ...rowsOf(operation, fields),
    inLoop: unit.place.inLoop,
    inCte,
    via: unit.place.via,
    dynamic: unit.place.dynamic,
  };
  return targets.length === 0 ? [shared] : targets.map((target) => ({ ...shared, table: tableOf(target) }));
}

const WORD: Readonly<Record<DmlOperation, string>> = {
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

function targetsOf(operation: DmlOperation, fields: Json): readonly Json[] {
  if (operation === 'truncate') return nodesOf(fields['relations'], 'RangeVar');
  const into = operation === 'create-table-as' ? fields['into'] : fields;
  const relation = isObject(into) ? (into['relation'] ?? into['rel']) : undefined;
  return isObject(relation) ? [relation] : [];
}

export function tableOf(range: Json): TableName {
  const schema = text(range['schemaname']);
  return { ...(schema !== undefined && { schema }), name: text(range['relname']) ?? '' };
}

function whereOf(operation: DmlOperation, fields: Json, tokens: StatementTokens) {
  const holder = operation === 'insert-select' ? nodeOf(fields['selectStmt'], 'SelectStmt') : fields;
  const condition = holder?.['whereClause'];
  if (condition === undefined) return undefined;
  const location = startOf({ condition });
  return whereShape(condition, location === undefined ? '' : tokens.whereAround(location));
}

function setOf(kind: string, fields: Json, tokens: StatementTokens): readonly SetColumn[] {
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
  const several = nodeOf(fields['val'], 'MultiAssignRef');
  // Of `(a, b) = (…)` the text does not fall apart by column.
  const expression = several || location === undefined ? '' : tokens.assignedAt(location);
  return { column: targetName(target), expression };
}

function sourcesOf(fields: Json): readonly TableName[] {
  const names = new Map<string, TableName>();
  const ctes = new Set<string>();
  visit(fields, (kind, inner) => {
    if (kind === 'CommonTableExpr') ctes.add(text(inner['ctename']) ?? '');
    if (kind === 'RangeVar') {
      const table = tableOf(inner);
      names.set(`${table.schema ?? ''}.${table.name}`, table);
    }
    return true;
  });
  return [...names.values()].filter((table) => table.schema !== undefined || !ctes.has(table.name));
}

function rowsOf(operation: DmlOperation, fields: Json): { readonly rows?: number } {
  if (operation !== 'insert') return {};
  const rows = list(nodeOf(fields['selectStmt'], 'SelectStmt')?.['valuesLists']).length;
  return { rows: Math.max(rows, 1) };
}
