import type { Call } from '../machine/machine.types.js';
import { isNothing } from '../values/value.js';
import type { NativeValue, Value } from '../values/value.types.js';

/**
 * `promise.then(callback)`. A promise is represented by its result, so the callback receives the receiver.
 */
export function callPromiseMethod({ name, receiver }: NativeValue, call: Call): Value | undefined {
  const method = /\.(then|catch|finally)$/.exec(name)?.[1];
  if (method === undefined || !receiver) return undefined;
  const { machine, args, site } = call;
  const [callback] = args;
  if (!callback || isNothing(callback)) return receiver;
  const result = machine.call(callback, method === 'then' ? [receiver] : [], site);
  return method === 'then' ? result : receiver;
}
