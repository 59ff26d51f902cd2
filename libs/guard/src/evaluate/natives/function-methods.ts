import type { Call } from '../machine/machine.types.js';
import { unknown } from '../values/value.js';
import type { FunctionValue, Value } from '../values/value.types.js';

/** `bind`, `call` and `apply`. */
export function callFunctionMethod(
  self: FunctionValue,
  method: string,
  { machine, args, site }: Call,
): Value {
  const [receiver, ...rest] = args;
  const hasReceiver = receiver?.kind === 'object' || receiver?.kind === 'class';
  const bound = hasReceiver ? { ...self, thisValue: receiver } : self;
  switch (method) {
    case 'bind':
      return { ...bound, boundArguments: [...(self.boundArguments ?? []), ...rest] };
    case 'call':
      return machine.invoke(bound, rest, site);
    case 'apply':
      return machine.invoke(bound, rest[0]?.kind === 'array' ? rest[0].items : [], site);
    default:
      return unknown(site.callee);
  }
}
