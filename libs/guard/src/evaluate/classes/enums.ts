import type * as ast from 'oxc-parser';
import type { Context, Machine } from '../machine/machine.types.js';
import { constant, knownNumber, object } from '../values/value.js';
import type { ObjectValue } from '../values/value.types.js';
import { keyName } from './classes.js';

/** A TypeScript enum, as an object of its members. */
export function enumValue(machine: Machine, node: ast.TSEnumDeclaration, context: Context): ObjectValue {
  const result = object();
  let next = 0;
  for (const { id, initializer } of node.body.members) {
    const value = initializer ? machine.evaluate(initializer, context) : constant(next);
    const number = knownNumber(value);
    if (number !== undefined) next = number + 1;
    result.properties.set(keyName(id) ?? '', value);
  }
  return result;
}
