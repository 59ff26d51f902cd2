import type * as ast from 'oxc-parser';
import type { Context, Machine } from '../machine/machine.types.js';
import { type ObjectValue, constant, object } from '../values/value.js';

/** A TypeScript enum as an object of its members. */
export function enumValue(machine: Machine, node: ast.TSEnumDeclaration, context: Context): ObjectValue {
  const result = object();
  let next = 0;
  for (const { id, initializer } of node.body.members) {
    const name = id.type === 'Identifier' ? id.name : id.type === 'Literal' ? id.value : '';
    const value = initializer ? machine.evaluate(initializer, context) : constant(next);
    if (value.kind === 'constant' && typeof value.value === 'number') next = value.value + 1;
    result.properties.set(name, value);
  }
  return result;
}

export function declareEnum(machine: Machine, node: ast.TSEnumDeclaration, context: Context): void {
  context.scope.declare(node.id.name, enumValue(machine, node, context));
}
