import type { Call } from '../machine/machine.types.js';
import { OPAQUE, factsOf } from '../values/facts.js';
import { equality } from '../values/truth.js';
import { UNDEFINED, array, choice, plain, unknown } from '../values/value.js';
import type { ArrayValue, Value } from '../values/value.types.js';
import { forEach } from './array-callbacks.js';

type MapModel = (self: ArrayValue, call: Call) => Value;

const MODELS: ReadonlyMap<string, MapModel> = new Map<string, MapModel>([
  ['get', get],
  ['set', set],
  ['has', ({ items }, { site }) => (items.length > 0 ? plain(site.callee) : unknown(`${site.callee}()`, {}))],
  ['delete', (_self, { site }) => plain(site.callee)],
  ['clear', () => UNDEFINED],
  ['entries', (self) => self],
  [
    'keys',
    (self) =>
      array(
        self.items.map((pair) => part(pair, 0)),
        { isOpen: self.isOpen },
      ),
  ],
  ['values', values],
  ['forEach', eachValue],
]);

/** The methods of a Map. It is a list of pairs, so that a loop over it receives pairs. */
export function callMapMethod(self: ArrayValue, name: string, call: Call): Value | undefined {
  return MODELS.get(name)?.(self, call);
}

function part(pair: Value, index: 0 | 1): Value {
  if (pair.kind === 'array') return pair.items[index] ?? UNDEFINED;
  return unknown(pair.kind === 'unknown' ? pair.expression : 'an entry', { ...OPAQUE, ...factsOf(pair) });
}

/** The values with an equal key. A key that cannot be compared may be equal. */
function get(self: ArrayValue, { args: [key], site }: Call): Value {
  const found = self.items
    .filter((pair) => !key || equality(part(pair, 0), key) !== false)
    .map((pair) => part(pair, 1));
  if (self.isOpen || found.length === 0) found.push(unknown(`${site.callee}()`));
  return choice(found);
}

function set(self: ArrayValue, { args: [key = UNDEFINED, value = UNDEFINED] }: Call): Value {
  self.items.push(array([key, value]));
  return self;
}

function values(self: ArrayValue): ArrayValue {
  return array(
    self.items.map((pair) => part(pair, 1)),
    { isOpen: self.isOpen },
  );
}

function eachValue(self: ArrayValue, call: Call): Value {
  return forEach(values(self), call);
}
