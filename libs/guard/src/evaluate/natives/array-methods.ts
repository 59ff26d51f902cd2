import type { Call } from '../machine/machine.types.js';
import { callCallbacks } from '../calls/callbacks.js';
import { callUnknown } from '../calls/unknown-calls.js';
import { OPAQUE, factsOf } from '../values/facts.js';
import { joinTexts, text } from '../values/text-value.js';
import { equality, likelyEqual } from '../values/truth.js';
import { UNDEFINED, array, choice, constant, plain, unknown } from '../values/value.js';
import type { ArrayValue, Value } from '../values/value.types.js';
import { callMapMethod } from './map-methods.js';
import { filter, find, forEach, map, reduce, test } from './array-callbacks.js';

type ArrayModel = (self: ArrayValue, call: Call) => Value;

/** Sets and arrays are one kind of value, so their methods are in one table. */
const MODELS: ReadonlyMap<string, ArrayModel> = new Map<string, ArrayModel>([
  ['push', push],
  ['add', add],
  ['join', join],
  ['splice', splice],
  ['fill', fill],
  ['shift', shift],
  ['at', takeOne],
  ['reverse', reverse],
  ['has', includes],
  ['includes', includes],
  ['indexOf', computed],
  ['delete', remove],
  ['clear', remove],
  ['filter', filter],
  ['map', map],
  ['forEach', forEach],
  ['reduce', reduce],
  ['find', find],
  ['some', test],
  ['every', test],
]);

export function callArrayMethod(self: ArrayValue, name: string, call: Call): Value {
  const result = self.isMap && callMapMethod(self, name, call);
  if (result) return result;
  const model = MODELS.get(name);
  return model ? model(self, call) : callWithoutModel(self, name, call);
}

/** A generator is a list of the values that it yields. */
const GENERATORS = (function* () {
  yield* [];
})();

const PROTOTYPES: readonly object[] = [Array.prototype, Map.prototype, Set.prototype, GENERATORS];

/** `Array.prototype.runAll = …`: the application may add methods. */
function isAdded(name: string): boolean {
  return !PROTOTYPES.some((prototype) => name in prototype);
}

/** A method without a model may call its callbacks, and may leave other items in the array. */
function callWithoutModel(self: ArrayValue, name: string, call: Call): Value {
  const expression = call.site.callee;
  const facts = factsOf(self);
  if (isAdded(name)) return callUnknown({ name, expression, receiver: self, facts: OPAQUE }, call);
  callCallbacks({ name, facts, sendsSql: false }, call);
  self.items.push(unknown(`${expression}()`, facts));
  self.isOpen = true;
  return unknown(`${expression}()`, facts);
}

function computed(self: ArrayValue, { site }: Call): Value {
  return unknown(`${site.callee}()`, factsOf(self));
}

function push(self: ArrayValue, { machine, args, site }: Call): Value {
  // The body of a loop is run once for many iterations, so there may be more items like these.
  const isRepeated = machine.loops.some((loop) => loop !== 'values');
  if (isRepeated || args.some((arg) => arg.kind === 'unknown' && arg.isSpread)) self.isOpen = true;
  self.items.push(...args);
  return plain(site.callee);
}

/** A value that the Set has already is not added, so the number of items is not known. */
function add(self: ArrayValue, { args }: Call): Value {
  self.items.push(...args);
  self.isOpen = true;
  return self;
}

function remove(self: ArrayValue, call: Call): Value {
  self.isOpen = true;
  self.mayLack = true;
  return computed(self, call);
}

function join(self: ArrayValue, { args, site }: Call): Value {
  const [separator] = args;
  if (self.isOpen) return unknown(`${site.callee}()`, factsOf(self));
  return joinTexts(self.items, separator?.kind === 'text' ? separator : text(','), site.callee);
}

function splice(self: ArrayValue, { args }: Call): Value {
  return insertAnywhere(self, args.slice(2));
}

function fill(self: ArrayValue, { args }: Call): Value {
  return insertAnywhere(self, args.slice(0, 1));
}

/** Adds items at unknown positions. */
function insertAnywhere(self: ArrayValue, items: readonly Value[]): Value {
  self.items.push(...items);
  self.isOpen = true;
  return array([...self.items], { isOpen: true });
}

function shift(self: ArrayValue, call: Call): Value {
  self.isOpen = true;
  return takeOne(self, call);
}

function takeOne(self: ArrayValue, { site }: Call): Value {
  return self.items.length > 0
    ? choice([...self.items, UNDEFINED])
    : unknown(`${site.callee}()`, factsOf(self));
}

function reverse(self: ArrayValue): Value {
  self.items.reverse();
  return self;
}

function includes(self: ArrayValue, { args: [wanted], site }: Call): Value {
  if (!wanted) return plain(site.callee);
  const matches = self.items.map((item) => equality(item, wanted));
  if (matches.includes(true)) return self.mayLack ? plain(site.callee) : constant(true);
  const isCertain = !self.isOpen && matches.every((match) => match === false);
  if (isCertain) return constant(false);
  const isUnlikely = !self.isOpen && self.items.every((item) => likelyEqual(item, wanted) === false);
  return plain(site.callee, isUnlikely ? { likely: false } : {});
}
