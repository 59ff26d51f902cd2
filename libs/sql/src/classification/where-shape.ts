import {
  isObject,
  type Json,
  kindOf,
  list,
  nameParts,
  nodeOf,
  nodesOf,
  text,
  visit,
} from '../parser/parser-nodes.js';
import type { Conjunct, WhereShape } from './statement.types.js';

/** @param written the text of the condition */
export function whereShape(condition: unknown, written: string): WhereShape {
  const conjuncts = conjunctsOf(condition).map(toConjunct);
  const narrowing = conjuncts.filter(({ kind }) => kind !== 'tautology');
  const selective = narrowing.some(({ kind }) => kind === 'filter');
  return {
    text: written,
    conjuncts,
    selective,
    tautology: narrowing.length === 0,
    joinOnly: narrowing.length > 0 && narrowing.every(({ kind }) => kind === 'join'),
    onlyNullColumns: selective
      ? []
      : narrowing.filter(({ kind }) => kind === 'is-null').flatMap(({ columns }) => columns),
  };
}

function conjunctsOf(condition: unknown): readonly unknown[] {
  const bool = nodeOf(condition, 'BoolExpr');
  return bool?.['boolop'] === 'AND_EXPR' ? list(bool['args']).flatMap(conjunctsOf) : [condition];
}

function toConjunct(condition: unknown): Conjunct {
  const references = columnReferences(condition);
  const columns = [...new Set(references.flatMap((parts) => parts.at(-1) ?? []))];
  return { kind: kindOfConjunct(condition, references), columns };
}

function kindOfConjunct(condition: unknown, references: readonly (readonly string[])[]): Conjunct['kind'] {
  if (isTautology(condition)) return 'tautology';
  const nullTest = nodeOf(condition, 'NullTest');
  if (nullTest?.['nulltesttype'] === 'IS_NULL' && nodeOf(nullTest['arg'], 'ColumnRef')) return 'is-null';
  return isJoin(condition, references) || isNullSafeJoin(condition) ? 'join' : 'filter';
}

/** `a.x = b.x OR (a.x IS NULL AND b.x IS NULL)`: a join condition that also joins NULL values. */
function isNullSafeJoin(condition: unknown): boolean {
  const bool = nodeOf(condition, 'BoolExpr');
  if (bool?.['boolop'] !== 'OR_EXPR') return false;
  const options = list(bool['args']);
  const isNullPair = (option: unknown): boolean => {
    const tests = conjunctsOf(option);
    return tests.length > 1 && tests.every((test) => kindOfConjunct(test, []) === 'is-null');
  };
  return (
    options.some((option) => isJoin(option, columnReferences(option))) &&
    options.every((option) => isJoin(option, columnReferences(option)) || isNullPair(option))
  );
}

function isTautology(condition: unknown): boolean {
  const constant = nodeOf(condition, 'A_Const');
  // The JSON leaves out false.
  if (constant) return isObject(constant['boolval']) && constant['boolval']['boolval'] === true;
  const bool = nodeOf(condition, 'BoolExpr');
  if (bool?.['boolop'] === 'OR_EXPR') return list(bool['args']).some(isTautology);
  if (bool?.['boolop'] === 'AND_EXPR') return list(bool['args']).every(isTautology);
  const comparison = nodeOf(condition, 'A_Expr');
  if (comparison?.['kind'] !== 'AEXPR_OP' || nameParts(comparison['name']).join('') !== '=') return false;
  const [left, right] = [comparison['lexpr'], comparison['rexpr']];
  const isComparable = ['A_Const', 'ColumnRef'].includes(kindOf(left)?.[0] ?? '');
  return isComparable && withoutLocations(left) === withoutLocations(right);
}

/**
 * A comparison between two relations. A constant, a parameter or a sub-query in it could leave out rows, so
 * it must have none.
 */
function isJoin(condition: unknown, references: readonly (readonly string[])[]): boolean {
  if (!nodeOf(condition, 'A_Expr')) return false;
  let isNarrowing = false;
  visit({ condition }, (kind) => {
    if (kind === 'A_Const' || kind === 'ParamRef' || kind === 'SubLink') isNarrowing = true;
    return !isNarrowing;
  });
  const relations = new Set(references.map((parts) => parts.slice(0, -1).join('.')));
  return !isNarrowing && relations.size > 1;
}

function columnReferences(tree: unknown): readonly (readonly string[])[] {
  const references: (readonly string[])[] = [];
  visit({ tree }, (kind, fields) => {
    if (kind === 'ColumnRef') references.push(nameParts(fields['fields']));
    return kind !== 'SubLink';
  });
  return references;
}

function withoutLocations(tree: unknown): string {
  return JSON.stringify(tree, (key, value: unknown) => (key === 'location' ? undefined : value));
}

/**
 * Whether an UPDATE or DELETE joins a query in its FROM or USING that selects rows by a condition of its own:
 * `FROM (SELECT id FROM a WHERE state = 1) s`, or the name of such a CTE.
 */
export function joinsSelection(statement: Json): boolean {
  const items = [...list(statement['fromClause']), ...list(statement['usingClause'])];
  const ctes = cteQueries(statement);
  return items.some((item) => isSelection(item, ctes));
}

function cteQueries(statement: Json): ReadonlyMap<string, unknown> {
  const clause = statement['withClause'];
  const ctes = isObject(clause) ? nodesOf(clause['ctes'], 'CommonTableExpr') : [];
  return new Map(ctes.map((cte) => [text(cte['ctename']) ?? '', cte['ctequery']]));
}

function isSelection(item: unknown, ctes: ReadonlyMap<string, unknown>): boolean {
  const join = nodeOf(item, 'JoinExpr');
  // The right side of a LEFT JOIN leaves out no row.
  if (join)
    return (
      isSelection(join['larg'], ctes) ||
      (join['jointype'] === 'JOIN_INNER' && isSelection(join['rarg'], ctes))
    );
  const name = text(nodeOf(item, 'RangeVar')?.['relname']);
  const query =
    nodeOf(item, 'RangeSubselect')?.['subquery'] ?? (name === undefined ? undefined : ctes.get(name));
  const condition = nodeOf(query, 'SelectStmt')?.['whereClause'];
  return conjunctsOf(condition).some(isNarrowing);
}

/** `IS NOT NULL` excludes few rows of a column in use. */
function isNarrowing(condition: unknown): boolean {
  const isNullTest = nodeOf(condition, 'NullTest') !== undefined;
  return condition !== undefined && !isNullTest && toConjunct(condition).kind === 'filter';
}
