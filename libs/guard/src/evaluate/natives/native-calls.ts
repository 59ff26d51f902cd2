import { callUnknown } from '../calls/unknown-calls.js';
import { isOutsideNative } from '../calls/outside-calls.js';
import type { Call } from '../machine/machine.types.js';
import { callDatabase } from '../typeorm/database-calls.js';
import { iterated } from '../expressions/iterators.js';
import { NO_FACTS, OPAQUE, factsOf } from '../values/facts.js';
import { isPlatform } from '../values/platform-names.js';
import { database, unknown } from '../values/value.js';
import type { DatabaseRole, NativeValue, Value } from '../values/value.types.js';
import { applicationNative } from './application-natives.js';
import { listFrom } from './array-callbacks.js';
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

/** Functions of the platform that read an iterable. */
const ITERATES =
  /^(?:Array\.from(?:Async)?|Object\.(?:fromEntries|groupBy)|Promise\.(?:all|allSettled|any|race)|Iterator\.from)$/;

function callFunction({ name, receiver }: NativeValue, given: Call): Value {
  const call = ITERATES.test(name) ? withIterated(given) : given;
  const { machine, args, site } = call;
  if (isOutsideNative(name, args))
    machine.emit({ kind: 'undecided', reason: 'outside', expression: site.callee }, site);
  const list = name === 'Array.from' ? listFrom(call) : undefined;
  if (list) return list;
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

/** Functions of TypeORM 0.2 that return a handle. */
const GLOBAL_HANDLES: ReadonlyMap<string, DatabaseRole> = new Map<string, DatabaseRole>([
  ['getManager', 'manager'],
  ['getConnection', 'source'],
  ['createConnection', 'source'],
]);

/** Functions of TypeORM 0.2 that are methods of the default connection. */
const GLOBAL_METHODS = new Set([
  'getRepository',
  'getTreeRepository',
  'getMongoRepository',
  'getCustomRepository',
  'createQueryBuilder',
]);

/** Other functions that return handles, e.g. `getConnectionManager()`, are not followed. */
function typeOrmFunction(name: string, call: Call): Value {
  const method = name.slice('typeorm.'.length);
  const role = GLOBAL_HANDLES.get(method);
  if (role) return database(role);
  if (GLOBAL_METHODS.has(method)) return callDatabase(database('source'), method, call);
  return unknown(`${call.site.callee}()`, /^(?:get|create)/.test(method) ? { database: true } : NO_FACTS);
}

function withIterated(call: Call): Call {
  const { machine, args, site } = call;
  const [first, ...rest] = args;
  return first ? { ...call, args: [iterated(machine, first, site), ...rest] } : call;
}
