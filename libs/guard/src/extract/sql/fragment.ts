import { isObject, list, nodeOf, type Json, type SqlParser } from 'nestjs-backfill-sql/tree';
import { NotMovableError } from './not-movable.error.js';

/** What a piece of SQL is: it decides in which statement the piece is parsed alone. */
export type FragmentKind = 'value' | 'from' | 'where' | 'with';

/** A piece of a statement: its text, and the nodes of the statement's parse tree that it stands for. */
export interface Fragment {
  readonly kind: FragmentKind;
  readonly text: string;
  readonly tree: unknown;
}

const PREFIX = { value: 'SELECT ', from: 'SELECT 1 FROM ', where: 'SELECT 1 WHERE ', with: '' } as const;
const SUFFIX = { value: '', from: '', where: '', with: ' SELECT 1' } as const;

/** The length of the text before the piece in the statement that `parseFragment` parses, in bytes. */
export function prefixLength(kind: FragmentKind): number {
  return PREFIX[kind].length;
}

/** @throws {NotMovableError} if the piece cannot stand alone, such as DEFAULT */
export function parseFragment(parser: SqlParser, kind: FragmentKind, text: string): unknown {
  const parsed = parser.parse(`${PREFIX[kind]}${text}${SUFFIX[kind]}`);
  const select = parsed.ok ? nodeOf(parsed.value.stmts[0]?.stmt, 'SelectStmt') : undefined;
  if (!select || (parsed.ok && parsed.value.stmts.length !== 1))
    throw new NotMovableError(`${text} cannot be moved out of its statement`);
  switch (kind) {
    case 'value':
      return nodeOf(list(select['targetList'])[0], 'ResTarget')?.['val'];
    case 'from':
      return select['fromClause'];
    case 'where':
      return select['whereClause'];
    case 'with':
      return select['withClause'];
  }
}

/**
 * A piece of a statement that is copied as written. Parsed alone, it must give the same tree as in its
 * statement: a piece that was cut at a wrong place is refused instead of being copied.
 *
 * @throws {NotMovableError}
 */
export function fragment(
  parser: SqlParser,
  kind: FragmentKind,
  { text, tree }: { readonly text: string; readonly tree: unknown },
): Fragment {
  if (!isSameTree(parseFragment(parser, kind, text), tree))
    throw new NotMovableError(`\`${text}\` does not mean the same outside its statement`);
  return { kind, text, tree };
}

/** Whether two trees differ only in locations. */
export function isSameTree(one: unknown, other: unknown): boolean {
  return canonical(one) === canonical(other);
}

/** A tree as text, without locations and with its keys in order. */
export function canonical(tree: unknown): string {
  return JSON.stringify(tree, (key, value: unknown) => {
    if (key === 'location' || /^(?:rexpr_)?list_(?:start|end)$/.test(key)) return undefined;
    return isObject(value) ? sorted(value) : value;
  });
}

function sorted(value: Json): Json {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
