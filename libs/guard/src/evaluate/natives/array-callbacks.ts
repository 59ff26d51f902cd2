import { iterated } from '../expressions/iterators.js';
import type { Call } from '../machine/machine.types.js';
import { MAX_UNROLLED, iterate, loopKind } from '../statements/iteration.js';
import { factsOf } from '../values/facts.js';
import { truthOf } from '../values/truth.js';
import { UNDEFINED, array, choice, constant, plain, unknown } from '../values/value.js';
import type { ArrayValue, Value } from '../values/value.types.js';

/** Calls a function for the items: for each item when they are known, otherwise once for all. */
function eachItem(
  self: ArrayValue,
  { machine, args, site }: Call,
  take: (item: Value, result: Value) => void,
): void {
  const [callback] = args;
  if (!callback) return;
  let index = 0;
  iterate(machine, {
    iterated: self.items.length > MAX_UNROLLED ? { ...self, isOpen: true } : self,
    expression: site.callee,
    body(item) {
      const position = self.isOpen ? plain('index') : constant(index);
      index++;
      take(item, machine.call(callback, [item, position, self], site));
      return 'normal';
    },
  });
}

export function forEach(self: ArrayValue, call: Call): Value {
  eachItem(self, call, () => undefined);
  return UNDEFINED;
}

export function map(self: ArrayValue, call: Call): Value {
  const results: Value[] = [];
  eachItem(self, call, (_item, result) => results.push(result));
  return array(results, { isOpen: self.isOpen });
}

/** `Array.from(set)`, `Array.from(list, toText)`. @returns nothing for what is no list */
export function listFrom({ machine, args: [source, callback], site }: Call): Value | undefined {
  const list = source && iterated(machine, source, site);
  if (list?.kind !== 'array' || list.isMap) return undefined;
  const copy = array([...list.items], { isOpen: list.isOpen });
  return callback ? map(copy, { machine, args: [callback], site }) : copy;
}

export function filter(self: ArrayValue, call: Call): Value {
  const [callback] = call.args;
  const results: Value[] = [];
  const keep = (item: Value, result: Value): void => {
    if (truthOf(result) !== false) results.push(item);
  };
  // `filter(Boolean)` keeps the items that are true themselves. Another native function may keep any item.
  if (callback?.kind === 'native') for (const item of self.items) keep(item, item);
  else eachItem(self, call, keep);
  return array(results, { isOpen: self.isOpen });
}

export function find(self: ArrayValue, call: Call): Value {
  eachItem(self, call, () => undefined);
  return self.items.length > 0
    ? choice([...self.items, UNDEFINED])
    : unknown(`${call.site.callee}()`, factsOf(self));
}

/** `some`, `every`. */
export function test(self: ArrayValue, call: Call): Value {
  eachItem(self, call, () => undefined);
  return unknown(`${call.site.callee}()`, factsOf(self));
}

export function reduce(self: ArrayValue, { machine, args, site }: Call): Value {
  const [callback, initial] = args;
  if (!callback) return plain(site.callee);
  const [head = UNDEFINED, ...tail] = self.items;
  let accumulated = initial ?? head;
  machine.inLoop(loopKind(self), () => {
    for (const item of (initial ? self.items : tail).slice(0, MAX_UNROLLED))
      accumulated = machine.call(callback, [accumulated, item], site);
  });
  return self.isOpen ? unknown(`${site.callee}()`, factsOf(accumulated)) : accumulated;
}
