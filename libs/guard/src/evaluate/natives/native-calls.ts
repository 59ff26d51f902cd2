import { callArrayMethod } from './array-methods.js';
import { lazyInstance } from '../classes/classes.js';
import { callDatabase } from '../typeorm/database-calls.js';
import { database } from '../values/database-value.js';
import { entityFrom } from '../typeorm/entities.js';
import { callFileSystem } from './file-natives.js';
import type { CallSite, Machine } from '../machine/machine.types.js';
import { isOutsideNative } from '../calls/outside-calls.js';
import { knownText, partsOf, text } from '../values/text-value.js';
import { callTextMethod } from './text-methods.js';
import { truthOf } from '../values/truth.js';
import { callUnknown } from '../calls/unknown-calls.js';
import {
  type NativeValue,
  type ObjectValue,
  type Value,
  UNDEFINED,
  array,
  constant,
  factsOf,
  object,
  unknown,
} from '../values/value.js';

/** Functions of the platform and of the packages that migrations are made of. */
export function callNative(
  machine: Machine,
  callee: NativeValue,
  args: readonly Value[],
  site: CallSite,
): Value {
  const { name, self } = callee;
  const [first, second] = args;
  if (self) {
    const method = name.slice(name.indexOf('.') + 1);
    if (self.kind === 'array') return callArrayMethod(machine, self, method, args, site);
    if (self.kind === 'text')
      return callTextMethod(self, method, args, site.callee, (fn, given) => machine.call(fn, given, site));
    if (self.kind === 'database') return callDatabase(machine, self, method, args, site);
    if (self.kind === 'function') return callFunctionMethod(machine, self, method, args, site);
  }
  if (isOutsideNative(name, args))
    machine.emit({ kind: 'undecided', reason: 'outside', expression: site.callee }, site);
  switch (name) {
    case 'Reflect.apply':
      return first
        ? machine.call(first, args[2]?.kind === 'array' ? args[2].items : args.slice(2), site)
        : UNDEFINED;
    case 'Promise.all':
    case 'Promise.allSettled':
    case 'Promise.resolve':
    case 'Object.freeze':
    case 'Object.seal':
    case 'structuredClone':
    case 'Array.from':
    case 'util.promisify':
      return name === 'Array.from' && first ? arrayFrom(machine, first, second, site) : (first ?? UNDEFINED);
    case 'Promise.race':
    case 'Promise.any':
      return unknown(site.callee, first ? factsOf(first) : {});
    case 'Array.of':
      return array([...args]);
    case 'Array.isArray':
      return first?.kind === 'array'
        ? constant(true)
        : first && first.kind !== 'unknown' && first.kind !== 'choice'
          ? constant(false)
          : unknown(site.callee);
    case 'Object.keys':
    case 'Object.values':
    case 'Object.entries':
      return objectList(name, first, site.callee);
    case 'Object.assign':
      return objectAssign(args, site.callee);
    case 'Object.fromEntries':
      return fromEntries(first, site.callee);
    case 'String':
      return first ? { kind: 'text', parts: partsOf(first, site.callee) } : text('');
    case 'String.raw':
      return first ?? text('');
    case 'Boolean': {
      const truth = first ? truthOf(first) : false;
      return truth === undefined ? unknown(site.callee, first ? factsOf(first) : {}) : constant(truth);
    }
    case 'Number':
    case 'parseInt':
    case 'parseFloat': {
      const known = first?.kind === 'constant' ? first.value : first && knownText(first);
      return known === undefined || typeof known === 'object'
        ? unknown(site.callee, first ? factsOf(first) : {})
        : constant(Number(known));
    }
    case 'require':
    case 'import': {
      const specifier = first && knownText(first);
      return specifier === undefined
        ? unknown(site.callee, { module: site.callee })
        : machine.import(specifier, '*', site.context.module);
    }
    case 'super':
      return UNDEFINED;
    case 'setTimeout':
    case 'setImmediate':
    case 'queueMicrotask':
    case 'process.nextTick':
      if (first?.kind === 'function') machine.invoke(first, [], site);
      return unknown(site.callee);
    default:
  }
  return (
    callFileSystem(machine, name, args, site) ??
    callTypeOrm(name, first, site) ??
    callNest(machine, name, site) ??
    callUnknown(
      machine,
      {
        name: name.split('.').at(-1) ?? name,
        expression: /^(?:console|process|Math|JSON|Date|Intl|Symbol)\b/.test(name)
          ? `console.${name}`
          : site.callee,
        facts: factsOf(self ?? UNDEFINED),
      },
      args,
      site,
    )
  );
}

function callFunctionMethod(
  machine: Machine,
  self: Value,
  method: string,
  args: readonly Value[],
  site: CallSite,
): Value {
  if (self.kind !== 'function') return UNDEFINED;
  const [receiver, ...rest] = args;
  const bound =
    receiver && (receiver.kind === 'object' || receiver.kind === 'class')
      ? { ...self, self: receiver }
      : self;
  if (method === 'bind') return { ...bound, bound: [...(self.bound ?? []), ...rest] };
  if (method === 'apply') return machine.invoke(bound, rest[0]?.kind === 'array' ? rest[0].items : [], site);
  if (method === 'call') return machine.invoke(bound, rest, site);
  return unknown(site.callee);
}

function arrayFrom(machine: Machine, first: Value, callback: Value | undefined, site: CallSite): Value {
  const list = first.kind === 'array' ? first : array([unknown(site.callee, factsOf(first))], true);
  return callback ? callArrayMethod(machine, list, 'map', [callback], site) : list;
}

function objectList(name: string, value: Value | undefined, expression: string): Value {
  if (value?.kind !== 'object' || value.open) {
    if (value?.kind === 'array' && name === 'Object.values') return value;
    const facts = value ? factsOf(value) : {};
    const item = unknown(`an item of ${expression}`, facts);
    return array([name === 'Object.entries' ? array([unknown('key', facts), item]) : item], true);
  }
  return array(
    [...value.properties].map(([key, item]) =>
      name === 'Object.keys' ? text(key) : name === 'Object.values' ? item : array([text(key), item]),
    ),
  );
}

function objectAssign(args: readonly Value[], expression: string): Value {
  const [target, ...sources] = args;
  if (target?.kind !== 'object') return target ?? unknown(expression);
  for (const source of sources) {
    if (source.kind === 'object')
      for (const [key, value] of source.properties) target.properties.set(key, value);
    else target.open = true;
    target.facts = { ...target.facts, ...factsOf(source) };
  }
  return target;
}

function fromEntries(value: Value | undefined, expression: string): Value {
  if (value?.kind !== 'array' || value.open) return unknown(expression, value ? factsOf(value) : {});
  const result: ObjectValue = object();
  for (const entry of value.items) {
    const key = entry.kind === 'array' && entry.items[0] ? knownText(entry.items[0]) : undefined;
    if (key !== undefined && entry.kind === 'array') result.properties.set(key, entry.items[1] ?? UNDEFINED);
    else result.open = true;
  }
  return result;
}

/** TypeORM's global functions of the 0.2 and 0.3 lines. */
function callTypeOrm(name: string, first: Value | undefined, site: CallSite): Value | undefined {
  switch (name) {
    case 'typeorm.getConnection':
    case 'typeorm.createConnection':
    case 'typeorm.getConnectionManager':
      return database('source');
    case 'typeorm.getManager':
    case 'typeorm.getSqljsManager':
      return database('manager');
    case 'typeorm.getRepository':
    case 'typeorm.getCustomRepository':
    case 'typeorm.getTreeRepository':
      return database('repository', entityFrom(first, site.callee));
    case 'typeorm.createQueryBuilder':
    case 'typeorm.getConnection.createQueryBuilder':
      return {
        kind: 'database',
        role: 'builder',
        builder: { verb: 'select', conditions: [], columns: new Map(), reported: false },
      };
    default:
      return name.startsWith('typeorm.') ? unknown(site.callee) : undefined;
  }
}

/** Starting an application runs its start-up hooks, which may do anything. */
function callNest(machine: Machine, name: string, site: CallSite): Value | undefined {
  if (!name.startsWith('nest.')) return undefined;
  if (/\.(?:create\w*|compile|run\w*)$/.test(name)) {
    machine.emit({ kind: 'undecided', reason: 'application', expression: site.callee }, site);
    return object(
      [
        ['get', { kind: 'native', name: 'application.get' }],
        ['resolve', { kind: 'native', name: 'application.get' }],
        ['select', { kind: 'native', name: 'application.select' }],
      ],
      true,
    );
  }
  return unknown(site.callee, { application: true });
}

/** `app.get(UsersService)`: the service itself where its class can be read. */
export function callApplication(name: string, first: Value | undefined, site: CallSite): Value | undefined {
  if (name === 'application.select') return unknown(site.callee, { application: true });
  if (name !== 'application.get') return undefined;
  if (first?.kind === 'class') return lazyInstance(first);
  if (first?.kind === 'native' && /typeorm\.(?:DataSource|Connection)$/.test(first.name))
    return database('source');
  if (first?.kind === 'native' && first.name === 'typeorm.EntityManager') return database('manager');
  const token = first?.kind === 'unknown' ? first.expression : '';
  if (/^getRepositoryToken|Repository$/.test(token)) return database('repository');
  if (/(?:Config|Logger)(?:Service)?$/.test(token)) return unknown(site.callee);
  return unknown(token || site.callee, { application: true });
}
