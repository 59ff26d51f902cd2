import { callUnknown } from '../calls/unknown-calls.js';
import { isOutsideNative } from '../calls/outside-calls.js';
import type { Call } from '../machine/machine.types.js';
import { callDatabase } from '../typeorm/database-calls.js';
import { NO_FACTS, OPAQUE, factsOf } from '../values/facts.js';
import { isPlatform } from '../values/platform-names.js';
import { unknown } from '../values/value.js';
import type { NativeValue, Value } from '../values/value.types.js';
import { applicationNative } from './application-natives.js';
import { callArrayMethod } from './array-methods.js';
import { FILE_NATIVES } from './file-natives.js';
import { callFunctionMethod } from './function-methods.js';
import { PLATFORM_NATIVES } from './platform-natives.js';
import { callTextMethod } from './text-methods.js';

/** A call of a function of the platform, or of a package that migrations commonly use. */
export function callNative(callee: NativeValue, call: Call): Value {
  return callMethodOfReceiver(callee, call) ?? callFunction(callee, call);
}

function callMethodOfReceiver({ name, receiver }: NativeValue, call: Call): Value | undefined {
  const method = name.slice(name.indexOf('.') + 1);
  switch (receiver?.kind) {
    case 'array':
      return callArrayMethod(receiver, method, call);
    case 'text':
      return callTextMethod(receiver, method, call);
    case 'database':
      return callDatabase(receiver, method, call);
    case 'function':
    case 'native':
      return callFunctionMethod(receiver, method, call);
    default:
      return undefined;
  }
}

/** Functions of these namespaces do not reach the database. */
const HARMLESS_NAMESPACE = /^(?:console|process|Math|JSON|Date|Intl|Symbol)\b/;

function callFunction({ name, receiver }: NativeValue, call: Call): Value {
  const { machine, args, site } = call;
  if (isOutsideNative(name, args))
    machine.emit({ kind: 'undecided', reason: 'outside', expression: site.callee }, site);
  const model = PLATFORM_NATIVES.get(name) ?? FILE_NATIVES.get(name);
  if (model) return model(call);
  if (name.startsWith('typeorm.')) return typeOrmFunction(name, call);
  return (
    applicationNative(name, call) ??
    callUnknown(
      {
        name: name.split('.').at(-1) ?? name,
        expression: HARMLESS_NAMESPACE.test(name) && isPlatform(name) ? `console.${name}` : site.callee,
        facts: receiver ? factsOf(receiver) : isPlatform(name) ? NO_FACTS : OPAQUE,
      },
      call,
    )
  );
}

/**
 * `getConnection`, `getManager`, `createQueryBuilder` … of TypeORM 0.2 return handles that are not followed.
 */
function typeOrmFunction(name: string, { site }: Call): Value {
  return unknown(`${site.callee}()`, /^typeorm\.(?:get|create)/.test(name) ? { database: true } : NO_FACTS);
}
