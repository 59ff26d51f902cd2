import { instantiate } from '../classes/instances.js';
import { iterated } from '../expressions/iterators.js';
import type { Call } from '../machine/machine.types.js';
import { OPAQUE, factsOf, factsOfAll, withoutOpaque } from '../values/facts.js';
import { knownText, text } from '../values/text-value.js';
import { array, database, object, plain, unknown } from '../values/value.js';
import type { ArrayValue, Value } from '../values/value.types.js';
import { isOutsideNative } from './outside-calls.js';
import { isPlatform } from '../values/platform-names.js';

type Constructor = (call: Call) => Value;

const CONSTRUCTORS: ReadonlyMap<string, Constructor> = new Map<string, Constructor>([
  ['Map', makeMap],
  ['Promise', makePromise],
  ['Proxy', ({ args: [target], site }) => target ?? unknown(`${site.callee}()`)],
  ['Set', makeSet],
  ['URL', makeUrl],
  ['WeakMap', makeMap],
  ['typeorm.Connection', () => database('source')],
  ['typeorm.DataSource', () => database('source')],
]);

const DESCRIBED_BY_OPTIONS = new Set(
  ['EntitySchema', 'Table', 'TableColumn', 'TableIndex', 'TableForeignKey', 'TableUnique', 'TableCheck'].map(
    (name) => `typeorm.${name}`,
  ),
);

/** Inside more nested calls than this, a new instance is an unknown value. */
const MAX_DEPTH = 60;

/** `new callee(…)` */
export function construct(callee: Value, call: Call): Value {
  const { machine, args, site } = call;
  if (callee.kind === 'class')
    return machine.frames.length > MAX_DEPTH
      ? unknown(`${site.callee}()`)
      : instantiate(machine, callee, { args, site });
  const name = callee.kind === 'native' ? callee.name : '';
  const [options] = args;
  // `new Table({ … })`: its properties are those of the argument, and it has methods of its own.
  if (DESCRIBED_BY_OPTIONS.has(name) && options?.kind === 'object')
    return { ...object(options.properties, { isOpen: true }), facts: OPAQUE };
  const make = CONSTRUCTORS.get(name);
  if (make && options && /^(?:Map|Set)$/.test(name))
    return make({ ...call, args: [iterated(machine, options, site)] });
  return make ? make(call) : unknownInstance(callee, name, call);
}

function unknownInstance(callee: Value, name: string, { machine, args, site }: Call): Value {
  if (isOutsideNative(name, args))
    machine.emit({ kind: 'undecided', reason: 'outside', expression: site.callee }, site);
  const facts = factsOfAll([callee, ...args]);
  // An instance that nobody uses is made for what its constructor does.
  if (callee.kind === 'unknown' && callee.facts.opaque && machine.acting.has(site.node))
    machine.emit({ kind: 'undecided', reason: 'unknown', expression: site.callee }, site);
  if (callee.kind === 'native' && isPlatform(name)) return unknown(`${site.callee}()`, withoutOpaque(facts));
  const holds = args.some((arg) => arg.kind === 'database' || factsOf(arg).database);
  return unknown(
    `${site.callee}()`,
    holds ? { ...facts, ...OPAQUE, database: true } : { ...facts, ...OPAQUE },
  );
}

function makePromise({ machine, args: [executor], site }: Call): Value {
  if (executor?.kind === 'function') machine.invoke(executor, [plain('resolve'), plain('reject')], site);
  return unknown(`${site.callee}()`);
}

function makeMap({ args: [pairs] }: Call): Value {
  if (pairs?.kind === 'array') return { ...pairs, items: [...pairs.items], isMap: true };
  return { ...array(pairs ? [pairs] : [], { isOpen: pairs !== undefined }), isMap: true };
}

function makeSet({ args: [items], site }: Call): Value {
  if (items?.kind === 'array') return distinct(items);
  return items ? array([unknown(`${site.callee}()`, factsOf(items))], { isOpen: true }) : array([]);
}

/** `new URL('./file.sql', import.meta.url)`: the path of the file. */
function makeUrl({ args: [path, base], site }: Call): Value {
  const [relative, from] = [knownText(path), knownText(base)];
  if (relative === undefined || from === undefined || !URL.canParse(relative, from))
    return plain(`${site.callee}()`);
  return text(decodeURIComponent(new URL(relative, from).pathname));
}

/** Two unknown items may be equal, so the number of items is then unknown too. */
function distinct({ items, isOpen, ...list }: ArrayValue): ArrayValue {
  const keys = new Set<unknown>();
  const kept = items.filter((item) => {
    const key = sameValueKey(item);
    if (keys.has(key)) return false;
    keys.add(key);
    return true;
  });
  const mayBeEqual = kept.length > 1 && kept.some((item) => !hasIdentity(item));
  return { ...list, items: kept, isOpen: isOpen || mayBeEqual };
}

/** Equal for values that a Set keeps once; the value itself if that is not known. */
function sameValueKey(value: Value): unknown {
  const written = knownText(value);
  if (written !== undefined) return `text ${written}`;
  return value.kind === 'constant' && !(value.value instanceof RegExp)
    ? `${typeof value.value} ${String(value.value)}`
    : value;
}

function hasIdentity(value: Value): boolean {
  return value.kind === 'text' ? knownText(value) !== undefined : !['unknown', 'choice'].includes(value.kind);
}
