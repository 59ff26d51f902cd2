import type { Machine, MemberAccess } from '../machine/machine.types.js';
import { impliedCall } from '../machine/source-code.js';
import { unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** Calls a getter or a setter. Its effects are reported at its declaration. */
export function callAccessor(
  machine: Machine,
  method: Value,
  args: readonly Value[],
  { expression, context }: MemberAccess,
): Value {
  if (method.kind !== 'function') return unknown(expression);
  return machine.invoke(method, args, {
    node: impliedCall(method.node),
    context: { ...context, module: method.module },
    callee: expression,
  });
}
