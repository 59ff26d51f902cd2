import type { Call } from '../machine/machine.types.js';
import { freeze, mayHaveMore } from '../modules/shared-objects.js';
import { NO_FACTS, factsOf, factsOfAll, factsOfMembers, holdsDatabase } from '../values/facts.js';
import { knownText, partsOf, text } from '../values/text-value.js';
import { UNDEFINED, array, constant, object, plain, unknown } from '../values/value.js';
import type { ArrayValue, ObjectValue, Value } from '../values/value.types.js';

export type NativeModel = (call: Call) => Value;

/**
 * Functions of JavaScript and Node.js by their dotted name. A function that is not listed is an unknown
 * function.
 */
export const PLATFORM_NATIVES: ReadonlyMap<string, NativeModel> = new Map<string, NativeModel>([
  ['Array.isArray', isArray],
  ['Array.of', ({ args }) => array([...args])],
  ['Object.assign', forgetProperties],
  // The properties of the prototype are read through the object.
  ['Object.create', ({ args: [prototype] }) => (prototype?.kind === 'object' ? prototype : object())],
  ['Object.defineProperty', forgetProperties],
  ['Object.defineProperties', forgetProperties],
  ['Object.entries', objectList((key, value) => array([text(key), value]))],
  ['Object.freeze', ({ args: [first] }) => freeze(first ?? UNDEFINED)],
  ['Object.keys', objectList((key) => text(key))],
  ['Object.values', objectList((_key, value) => value)],
  // Promises are transparent: an awaited value is the value itself.
  ['Promise.all', firstArgument],
  ['Promise.resolve', firstArgument],
  ['Reflect.apply', reflectApply],
  ['Reflect.set', forgetProperties],
  [
    'String',
    ({ args: [value], site }) => (value ? { kind: 'text', parts: partsOf(value, site.callee) } : text('')),
  ],
  ['import', requireModule],
  ['process.nextTick', runCallback],
  ['queueMicrotask', runCallback],
  ['require', requireModule],
  ['setImmediate', runCallback],
  ['setTimeout', runCallback],
  ['super', () => UNDEFINED],
  ['util.promisify', firstArgument],
]);

function firstArgument({ args: [first] }: Call): Value {
  return first ?? UNDEFINED;
}

function reflectApply({ machine, args, site }: Call): Value {
  const [callee, , list] = args;
  if (!callee) return UNDEFINED;
  return machine.call(callee, list?.kind === 'array' ? list.items : args.slice(2), site);
}

function isArray({ args: [value], site }: Call): Value {
  if (value?.kind === 'array') return constant(true);
  return value && value.kind !== 'unknown' && value.kind !== 'choice' ? constant(false) : plain(site.callee);
}

function objectList(itemOf: (key: string, value: Value) => Value): NativeModel {
  return ({ args: [value], site }) => {
    if (value?.kind !== 'object') return unknownList(itemOf, value, site.callee);
    const known = [...value.properties].map(([key, item]) => itemOf(key, item));
    if (!mayHaveMore(value)) return array(known);
    const other = unknown(`an item of ${site.callee}`, factsOfMembers(factsOf(value)));
    return array([...known, itemOf('key', other)], { isOpen: true });
  };
}

function unknownList(
  itemOf: (key: string, value: Value) => Value,
  value: Value | undefined,
  expression: string,
): ArrayValue {
  const item = unknown(`an item of ${expression}`, value ? factsOf(value) : NO_FACTS);
  return array([itemOf('key', item)], { isOpen: true });
}

/** `Object.assign` and the like: which properties the object has afterwards is not followed. */
function forgetProperties({ args }: Call): Value {
  const [target, ...sources] = args;
  if (target?.kind !== 'object') return target ?? UNDEFINED;
  forget(target, sources);
  return target;
}

function forget(target: ObjectValue, sources: readonly Value[]): void {
  const facts = { ...target.facts, ...factsOfAll([target, ...sources]) };
  const database = [target, ...sources].some((value) => holdsDatabase(value));
  target.properties.clear();
  target.isOpen = true;
  target.facts = database ? { ...facts, database } : facts;
}

function requireModule({ machine, args, site }: Call): Value {
  const specifier = knownText(args[0]);
  return specifier === undefined
    ? unknown(`${site.callee}()`)
    : machine.import(specifier, '*', site.context.module);
}

function runCallback({ machine, args: [callback], site }: Call): Value {
  if (callback) machine.call(callback, [], site);
  return plain(site.callee);
}
