import type { LoopKind } from '../machine/event.types.js';
import { iterate } from '../statements/loops.js';
import type { CallSite, Machine } from '../machine/machine.types.js';
import { joinTexts, text } from '../values/text-value.js';
import { equality, truthOf } from '../values/truth.js';
import {
  type ArrayValue,
  type Value,
  UNDEFINED,
  array,
  choice,
  constant,
  factsOf,
  unknown,
} from '../values/value.js';

const MAX_UNROLLED = 400;

/** Methods of arrays: known items one by one, unknown ones once. */
export function callArrayMethod(
  machine: Machine,
  self: ArrayValue,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value {
  const [first, second] = args;
  switch (name) {
    case 'push':
    case 'add':
    case 'unshift':
      // Filled in a loop that was gone through once: there may be more of the same.
      if (
        machine.loops.some((loop) => loop !== 'values') ||
        args.some((arg) => arg.kind === 'unknown' && arg.many)
      )
        self.open = true;
      if (name !== 'unshift') self.items.push(...args);
      else self.items.unshift(...args);
      return unknown(site.callee);
    case 'join': {
      const separator = first?.kind === 'text' ? first : text(',');
      if (self.open) return unknown(site.callee, factsOf(self));
      return joinTexts(self.items, separator, site.callee);
    }
    case 'toString':
      return self.open ? unknown(site.callee, factsOf(self)) : joinTexts(self.items, text(','), site.callee);
    case 'concat': {
      const result = array([...self.items], self.open);
      for (const arg of args) {
        if (arg.kind === 'array') {
          result.items.push(...arg.items);
          result.open ||= arg.open;
        } else {
          result.items.push(arg);
          result.open ||= arg.kind === 'unknown';
        }
      }
      return result;
    }
    case 'slice':
      return first?.kind === 'constant' && typeof first.value === 'number' && !self.open
        ? array(
            self.items.slice(
              first.value,
              second?.kind === 'constant' && typeof second.value === 'number' ? second.value : undefined,
            ),
          )
        : array([...self.items], true);
    case 'splice':
    case 'fill':
      self.items.push(...(name === 'splice' ? args.slice(2) : args.slice(0, 1)));
      return shifted(self);
    case 'copyWithin':
      return shifted(self);
    case 'reverse':
      self.items.reverse();
      return self;
    case 'toReversed':
      return array([...self.items].reverse(), self.open);
    case 'sort':
    case 'toSorted':
    case 'flat':
    case 'values':
    case 'filter':
    case 'map':
    case 'flatMap':
    case 'forEach':
      return transform(machine, self, name, first, site);
    case 'entries':
      return array(
        self.items.map((item, index) => array([constant(index), item])),
        self.open,
      );
    case 'keys':
      return array(
        self.items.map((_, index) => constant(index)),
        self.open,
      );
    case 'reduce':
    case 'reduceRight':
      return reduce(machine, self, name, args, site);
    case 'find':
    case 'some':
    case 'every':
    case 'findIndex':
      transform(machine, self, 'forEach', first, site);
      return name === 'find' && self.items.length > 0
        ? choice([...self.items, UNDEFINED])
        : unknown(site.callee, factsOf(self));
    case 'has':
    case 'includes':
      return includes(self, first, site);
    case 'pop':
    case 'shift':
      self.open = true;
      return takeOne(self, site);
    case 'at':
      return takeOne(self, site);
    default:
      return unknown(site.callee, factsOf(self));
  }
}

/** Which item stands where is no longer told. */
function shifted(self: ArrayValue): Value {
  self.open = true;
  return array([...self.items], true);
}

function takeOne(self: ArrayValue, site: CallSite): Value {
  return self.items.length > 0 ? choice([...self.items, UNDEFINED]) : unknown(site.callee, factsOf(self));
}

function transform(
  machine: Machine,
  self: ArrayValue,
  name: string,
  callback: Value | undefined,
  site: CallSite,
): Value {
  if (name === 'flat')
    return array(
      self.items.flatMap((item) => (item.kind === 'array' ? item.items : [item])),
      self.open || self.items.some((item) => item.kind === 'array' && item.open),
    );
  if (name === 'sort' || name === 'toSorted' || name === 'values' || !callback) return self;
  if (callback.kind !== 'function' && !(callback.kind === 'native' && name !== 'filter')) {
    if (name === 'filter')
      return array(
        self.items.filter((item) => truthOf(item) !== false),
        self.open,
      );
    if (callback.kind === 'unknown' || callback.kind === 'choice')
      for (const item of self.items.slice(0, 1)) machine.call(callback, [item], site);
    return array(
      self.items.map(() => unknown(site.callee, factsOf(self))),
      self.open,
    );
  }
  const results: Value[] = [];
  let isOpen = self.open;
  let index = 0;
  iterate(machine, self.items.length > MAX_UNROLLED ? { ...self, open: true } : self, site.callee, (item) => {
    const position = self.open ? unknown('index') : constant(index);
    index++;
    const result = machine.call(callback, [item, position, self], site);
    if (name === 'filter') {
      if (truthOf(result) !== false) results.push(item);
    } else if (name === 'flatMap' && result.kind === 'array') {
      results.push(...result.items);
      isOpen ||= result.open;
    } else {
      results.push(result);
    }
    return 'normal';
  });
  return name === 'forEach' ? UNDEFINED : array(results, isOpen);
}

function reduce(
  machine: Machine,
  self: ArrayValue,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value {
  const [callback, initial] = args;
  if (!callback) return unknown(site.callee);
  const items = name === 'reduce' ? self.items : [...self.items].reverse();
  let accumulated = initial ?? items[0] ?? UNDEFINED;
  const kind: LoopKind = factsOf(self).rows ? 'rows' : self.open ? 'unknown' : 'values';
  machine.inLoop(kind, () => {
    for (const item of (initial ? items : items.slice(1)).slice(0, MAX_UNROLLED))
      accumulated = machine.call(callback, [accumulated, item], site);
  });
  return self.open ? unknown(site.callee, factsOf(accumulated)) : accumulated;
}

function includes(self: ArrayValue, wanted: Value | undefined, site: CallSite): Value {
  if (!wanted) return unknown(site.callee);
  const matches = self.items.map((item) => equality(item, wanted));
  if (matches.includes(true)) return constant(true);
  const isCertain = !self.open && matches.every((match) => match === false);
  return isCertain ? constant(false) : unknown(site.callee);
}
