import type * as ast from 'oxc-parser';

export interface EnclosingStatement {
  readonly node: ast.Node;
  readonly start: number;
  readonly end: number;
}

const LOOPS = new Set([
  'ForStatement',
  'ForOfStatement',
  'ForInStatement',
  'WhileStatement',
  'DoWhileStatement',
]);

/** The statement around an offset that can be removed as a whole: the innermost one, or the outermost loop. */
export function enclosingStatement(
  program: ast.Program,
  offset: number,
  extent: 'statement' | 'loop',
): EnclosingStatement | undefined {
  const path = pathTo(program, offset);
  const statements = path.filter((node) => node.type === 'ExpressionStatement' || LOOPS.has(node.type));
  const loop = extent === 'loop' ? statements.find((node) => LOOPS.has(node.type)) : undefined;
  const node = loop ?? statements.findLast((candidate) => candidate.type === 'ExpressionStatement');
  return node ? { node, start: node.start, end: node.end } : undefined;
}

export function codeOfRange(
  text: string,
  { start, end }: { readonly start: number; readonly end: number },
): string {
  return text.slice(start, end);
}

function pathTo(root: ast.Node, offset: number): readonly ast.Node[] {
  const path: ast.Node[] = [];
  let current: ast.Node | undefined = root;
  while (current) {
    path.push(current);
    current = childrenOf(current).find((child) => child.start <= offset && offset < child.end);
  }
  return path;
}

function childrenOf(node: ast.Node): readonly ast.Node[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    key === 'parent' ? [] : Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

function isNode(value: unknown): value is ast.Node {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    'start' in value &&
    typeof value.start === 'number'
  );
}
