import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';

/** The classes at the top level of a module, in any kind of statement. */
export function topLevelClasses({ program }: ParsedModule): readonly ast.Class[] {
  return program.body.flatMap(classesIn);
}

function classesIn(statement: ast.Statement | ast.Directive): readonly ast.Class[] {
  switch (statement.type) {
    case 'ClassDeclaration':
      return [statement];
    case 'ExportNamedDeclaration':
      return statement.declaration ? classesIn(statement.declaration) : [];
    case 'ExportDefaultDeclaration': {
      const { declaration } = statement;
      return declaration.type === 'ClassDeclaration' || declaration.type === 'ClassExpression'
        ? [declaration]
        : [];
    }
    case 'VariableDeclaration':
      return statement.declarations.flatMap(({ init }) => (init ? classesInExpression(init) : []));
    case 'ExpressionStatement':
      return classesInExpression(statement.expression);
    default:
      return [];
  }
}

/** `module.exports = class …`, `exports.A = B = class …` */
function classesInExpression(expression: ast.Expression): readonly ast.Class[] {
  if (expression.type === 'ClassExpression') return [expression];
  return expression.type === 'AssignmentExpression' ? classesInExpression(expression.right) : [];
}
