import type * as ast from 'oxc-parser';

/** A syntax node of any kind, by its fields. */
export type AnyNode = ast.Node & Readonly<Record<string, unknown>>;

export function isNode(value: unknown): value is ast.Node {
  return (
    typeof value === 'object' &&
    value !== null &&
    'type' in value &&
    'start' in value &&
    typeof value.start === 'number'
  );
}

export function childrenOf(node: ast.Node): readonly ast.Node[] {
  return Object.entries(node).flatMap(([key, value]: [string, unknown]) =>
    key === 'parent' ? [] : Array.isArray(value) ? value.filter(isNode) : isNode(value) ? [value] : [],
  );
}

/** The nodes around an offset, outermost first. */
export function pathTo(root: ast.Node, offset: number): readonly ast.Node[] {
  const path: ast.Node[] = [];
  let current: ast.Node | undefined = root;
  while (current) {
    path.push(current);
    current = childrenOf(current).find((child) => child.start <= offset && offset < child.end);
  }
  return path;
}

/** Calls the visitor for a node and all nodes in it, parents first. It returns false to skip the children. */
export function walkNodes(node: ast.Node, visitor: (node: ast.Node) => boolean): void {
  if (visitor(node)) for (const child of childrenOf(node)) walkNodes(child, visitor);
}

export function contains(node: ast.Node, isWanted: (node: ast.Node) => boolean): boolean {
  let isFound = false;
  walkNodes(node, (inner) => {
    if (isWanted(inner)) isFound = true;
    return !isFound;
  });
  return isFound;
}

export function isFunction(node: ast.Node): node is ast.Function | ast.ArrowFunctionExpression {
  return (
    node.type === 'FunctionExpression' ||
    node.type === 'FunctionDeclaration' ||
    node.type === 'ArrowFunctionExpression'
  );
}

/** The names that code uses: identifiers, but not names of properties. */
export function namesUsed(node: ast.Node): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (inner: ast.Node): void => {
    if (inner.type === 'Identifier') names.add(inner.name);
    if (inner.type === 'MemberExpression' && !inner.computed) visit(inner.object);
    else for (const child of childrenOf(inner)) visit(child);
  };
  visit(node);
  return names;
}

/** The names that a statement declares. */
export function namesDeclared(node: ast.Node): readonly string[] {
  if (node.type === 'VariableDeclaration') return node.declarations.flatMap(({ id }) => [...namesUsed(id)]);
  if ((node.type === 'FunctionDeclaration' || node.type === 'ClassDeclaration') && node.id)
    return [node.id.name];
  return [];
}
