import type * as ast from 'oxc-parser';

/** The names that a statement declares. */
export function declaredNames(declaration: ast.Declaration | ast.Statement): readonly string[] {
  switch (declaration.type) {
    case 'VariableDeclaration':
      return declaration.declarations.flatMap(({ id }) => patternNames(id));
    case 'FunctionDeclaration':
    case 'ClassDeclaration':
      return declaration.id ? [declaration.id.name] : [];
    case 'TSEnumDeclaration':
      return [declaration.id.name];
    default:
      return [];
  }
}

/** The names of the variables in a pattern. */
export function patternNames(pattern: ast.BindingPattern | ast.BindingRestElement): readonly string[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern.name];
    case 'ObjectPattern':
      return pattern.properties.flatMap((property) =>
        patternNames(property.type === 'RestElement' ? property : property.value),
      );
    case 'ArrayPattern':
      return pattern.elements.flatMap((element) => (element ? patternNames(element) : []));
    case 'AssignmentPattern':
      return patternNames(pattern.left);
    case 'RestElement':
      return patternNames(pattern.argument);
  }
}

export function nameOf(node: ast.ModuleExportName): string {
  return node.type === 'Literal' ? node.value : node.name;
}
