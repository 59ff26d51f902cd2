import type { Call } from '../machine/machine.types.js';
import { unknown } from '../values/value.js';
import type { FunctionValue, NativeValue, Value } from '../values/value.types.js';

/** `bind`, `call` and `apply`. */
export function callFunctionMethod(
  self: FunctionValue | NativeValue,
  method: string,
  { machine, args, site }: Call,
): Value {
  const [receiver, ...rest] = args;
  const list = rest[0]?.kind === 'array' ? rest[0].items : [];
  if (self.kind === 'native')
    return callNativeMethod(self, method, { machine, args: method === 'apply' ? list : rest, site });
  const hasReceiver = receiver?.kind === 'object' || receiver?.kind === 'class';
  const bound = hasReceiver ? { ...self, thisValue: receiver } : self;
  switch (method) {
    case 'bind':
      return { ...bound, boundArguments: [...(self.boundArguments ?? []), ...rest] };
    case 'call':
      return machine.invoke(bound, rest, site);
    case 'apply':
      return machine.invoke(bound, list, site);
    default:
      return unknown(`${site.callee}()`);
  }
}

/** The methods of a handle, e.g. `queryRunner.query.bind(queryRunner)`. */
function callNativeMethod(self: NativeValue, method: string, { machine, args, site }: Call): Value {
  if (method === 'bind') return args.length === 0 ? self : unknown(`${site.callee}()`);
  return method === 'call' || method === 'apply'
    ? machine.call(self, args, site)
    : unknown(`${site.callee}()`);
}
