import { findMethod, methodValue } from '../classes/classes.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { impliedCall } from '../machine/source-code.js';
import type { FunctionValue, ObjectValue, Value } from '../values/value.types.js';

const METHODS = ['Symbol.asyncIterator', 'Symbol.iterator'];

interface Place {
  readonly node: { readonly start: number; readonly end: number };
  readonly context: Context;
}

/** What a loop or a spread receives of a value: an object with an iterator of its own runs code for it. */
export function iterated(machine: Machine, value: Value, { node, context }: Place): Value {
  if (value.kind !== 'object') return value;
  const method = iteratorOf(machine, value);
  if (!method) return value;
  const site = { node: impliedCall(node), context, callee: method.name };
  const iterator = machine.invoke(method, [], site);
  if (iterator.kind !== 'object') return iterator;
  const next = machine.member(iterator, { name: 'next', expression: 'next', context });
  return machine.inLoop('unknown', () => machine.call(next, [], { ...site, callee: 'next' }));
}

function iteratorOf(machine: Machine, value: ObjectValue): FunctionValue | undefined {
  for (const name of METHODS) {
    const own = value.properties.get(name);
    if (own?.kind === 'function') return own;
    const found = value.class && findMethod(machine, value.class, { name });
    if (found) return methodValue(found, value);
  }
  return undefined;
}
