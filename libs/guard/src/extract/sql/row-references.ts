import {
  isObject,
  kindOf,
  list,
  locationOf,
  nameParts,
  nodeOf,
  text as textOf,
  type Json,
  type SqlParser,
} from 'nestjs-backfill-sql/tree';
import { isSameTree, parseFragment, prefixLength, type Fragment } from './fragment.js';
import { NotMovableError } from './not-movable.error.js';
import { StatementText } from './statement-text.js';

/** The name of the current row in the SQL of a backfill. */
export const ROW = 'this_row';

/** The relation whose rows the backfill goes through, as the statement names it. */
export interface RowRelation {
  readonly schema?: string | undefined;
  readonly name: string;
  /** Its alias; without one, the table's name. */
  readonly alias?: string | undefined;
  /** Columns that it certainly has: a name like the table's own then means the column. */
  readonly columns?: ReadonlySet<string>;
}

interface Reference {
  readonly location: number;
  readonly column: string;
  readonly parts: number;
  /** The node itself, to substitute it in the tree. */
  readonly node: Json;
}

/**
 * The piece with each reference to the relation as a reference to `this_row`: `l."accountId"` becomes
 * `this_row."accountId"`. References without a qualifier stay: PostgreSQL resolves them in the same way.
 *
 * @throws {NotMovableError} for references to whole rows, and names that the backfill's SQL uses itself
 */
export function withRowReferences(parser: SqlParser, piece: Fragment, row: RowRelation): string {
  const alone = parseFragment(parser, piece.kind, piece.text);
  const references = referencesIn(alone, row);
  const { tokens } = new StatementText(parser, piece.text);
  let rest = Buffer.from(piece.text, 'utf8');
  let rewritten = '';
  for (const { location, parts } of [...references].sort((a, b) => b.location - a.location)) {
    const start = location - prefixLength(piece.kind);
    // A qualified name is one token for each part, with dots in between.
    const first = tokens.findIndex((token) => token.start === start);
    const column = tokens[first + (parts - 1) * 2];
    if (!column) throw new NotMovableError(`a reference in \`${piece.text}\` was not found`);
    rewritten = `${ROW}.${rest.subarray(column.start).toString('utf8')}${rewritten}`;
    rest = rest.subarray(0, start);
  }
  rewritten = `${rest.toString('utf8')}${rewritten}`;
  const expected = substituted(alone, new Map(references.map((each) => [each.node, each.column])));
  if (!isSameTree(parseFragment(parser, piece.kind, rewritten), expected))
    throw new NotMovableError(`the references of \`${piece.text}\` could not be rewritten`);
  return rewritten;
}

/** Whether a tree refers to a column that is not, for certain, one of the row. */
export function refersToOthers(tree: unknown, row: RowRelation): boolean {
  let others = false;
  walk(tree, row, (reference) => {
    if (reference === 'other') others = true;
  });
  return others;
}

function referencesIn(tree: unknown, row: RowRelation): readonly Reference[] {
  const found: Reference[] = [];
  walk(tree, row, (reference) => {
    if (reference !== 'other') found.push(reference);
  });
  return found;
}

/** @param row undefined where an inner query has a relation of the same name */
function walk(
  tree: unknown,
  row: RowRelation | undefined,
  onReference: (reference: Reference | 'other') => void,
): void {
  if (Array.isArray(tree)) {
    for (const item of tree) walk(item, row, onReference);
    return;
  }
  if (!isObject(tree)) return;
  const column = nodeOf(tree, 'ColumnRef');
  if (column) {
    onReference((row && referenceOf(column, row)) ?? 'other');
    return;
  }
  const select = nodeOf(tree, 'SelectStmt');
  const isShadowed = row && select && namesOf(select).has(row.alias ?? row.name);
  for (const value of Object.values(tree)) walk(value, isShadowed ? undefined : row, onReference);
}

function referenceOf(node: Json, row: RowRelation): Reference | undefined {
  const fields = list(node['fields']);
  const parts = nameParts(fields);
  const hasStar = fields.some((field) => nodeOf(field, 'A_Star'));
  if (parts.includes(ROW) || parts.some((part) => part.startsWith('nb_')))
    throw new NotMovableError(`the name ${parts.join('.')} is one that backfills use themselves`);
  const name = row.alias ?? row.name;
  const isWholeRow = parts.length === 1 && parts[0] === name && !row.columns?.has(name);
  const isQualified = isRelation(parts.slice(0, hasStar ? undefined : -1), row);
  if (isWholeRow || (hasStar && isQualified))
    throw new NotMovableError(`it uses the whole row \`${name}\`; name the columns that it reads`);
  const location = locationOf(node);
  const last = parts.at(-1);
  if (!isQualified || hasStar || location === undefined || last === undefined) return undefined;
  return { location, column: last, parts: parts.length, node };
}

function isRelation(qualifier: readonly string[], { schema, name, alias }: RowRelation): boolean {
  if (qualifier.length === 1) return qualifier[0] === (alias ?? name);
  return qualifier.length === 2 && alias === undefined && qualifier[0] === schema && qualifier[1] === name;
}

/** The names of the relations in the FROM clause of a query. */
function namesOf(select: Json): ReadonlySet<string> {
  const names = new Set<string>();
  const add = (item: unknown): void => {
    const [kind, fields] = kindOf(item) ?? ['', {}];
    if (kind === 'JoinExpr') {
      add(fields['larg']);
      add(fields['rarg']);
    }
    const alias = isObject(fields['alias']) ? textOf(fields['alias']['aliasname']) : undefined;
    const name = alias ?? textOf(fields['relname']);
    if (name !== undefined) names.add(name);
  };
  for (const item of list(select['fromClause'])) add(item);
  return names;
}

/** The tree with the qualifiers of some references replaced. */
function substituted(tree: unknown, columns: ReadonlyMap<Json, string>): unknown {
  if (Array.isArray(tree)) return tree.map((item) => substituted(item, columns));
  if (!isObject(tree)) return tree;
  const column = columns.get(tree);
  if (column !== undefined) return { ...tree, fields: [ROW, column].map((sval) => ({ String: { sval } })) };
  return Object.fromEntries(
    Object.entries(tree).map(([key, value]) => [key, substituted(value, columns)] as const),
  );
}
