import type * as ast from 'oxc-parser';
import { className } from '../../evaluate/classes/classes.js';
import type { Context, Machine } from '../../evaluate/machine/machine.types.js';
import type { Value } from '../../evaluate/values/value.types.js';
import type { ParsedModule } from '../../source/parsed-module.js';

/** The value of a class; the same one for every reader if the class has a name. */
export function classValue(machine: Machine, node: ast.Class, context: Context): Value {
  const { id } = node;
  return id && context.scope.find(id.name)
    ? machine.evaluate(reference(id), context)
    : machine.evaluate(node, context);
}

/** A `new EntitySchema(…)`, and the expression that yields its value. */
interface SchemaExpression {
  readonly node: ast.NewExpression;
  /** The variable that holds it, so that every reader gets the same value. */
  readonly value: ast.Expression;
}

/** The EntitySchemas at the top level of a module. */
export function schemaExpressions({ program }: ParsedModule): readonly SchemaExpression[] {
  return program.body.flatMap((statement): readonly SchemaExpression[] => {
    switch (statement.type) {
      case 'ExportNamedDeclaration':
        return statement.declaration?.type === 'VariableDeclaration'
          ? ofVariables(statement.declaration)
          : [];
      case 'VariableDeclaration':
        return ofVariables(statement);
      case 'ExportDefaultDeclaration':
        return ofExpression(statement.declaration as ast.Expression);
      case 'ExpressionStatement':
        return statement.expression.type === 'AssignmentExpression'
          ? ofExpression(statement.expression.right)
          : [];
      default:
        return [];
    }
  });
}

function ofVariables({ declarations }: ast.VariableDeclaration): readonly SchemaExpression[] {
  return declarations.flatMap(({ id, init }) =>
    id.type === 'Identifier' && init && isSchema(init) ? [{ node: init, value: reference(id) }] : [],
  );
}

function ofExpression(expression: ast.Expression): readonly SchemaExpression[] {
  return isSchema(expression) ? [{ node: expression, value: expression }] : [];
}

function isSchema(expression: ast.Expression): expression is ast.NewExpression {
  return expression.type === 'NewExpression' && className(expression.callee) === 'EntitySchema';
}

function reference({ name, start, end }: ast.BindingIdentifier): ast.Expression {
  return { type: 'Identifier', name, start, end };
}
