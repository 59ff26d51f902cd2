import type * as ast from 'oxc-parser';
import type { Context, Machine } from '../machine/machine.types.js';
import { knownText } from '../values/text-value.js';
import type { Value } from '../values/value.types.js';

interface Property {
  readonly key: ast.PropertyKey;
  readonly computed: boolean;
}

/** The name of a property in an object or a pattern, when it is known. */
export function propertyName(
  machine: Machine,
  { key, computed }: Property,
  context: Context,
): string | undefined {
  if (!computed && key.type === 'Identifier') return key.name;
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  return nameFrom(machine.evaluate(key, context));
}

/** The name after `.` or in `[…]`, when it is known. */
export function memberName(
  machine: Machine,
  node: ast.MemberExpression,
  context: Context,
): string | undefined {
  return propertyName(machine, { key: node.property, computed: node.computed }, context);
}

/** A symbol of JavaScript, e.g. `Symbol.iterator`, is a name too. */
function nameFrom(value: Value): string | undefined {
  if (value.kind === 'native' && value.name.startsWith('Symbol.')) return value.name;
  return value.kind === 'constant' ? String(value.value) : knownText(value);
}
