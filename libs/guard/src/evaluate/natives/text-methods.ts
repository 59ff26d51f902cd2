import type { Call } from '../machine/machine.types.js';
import { callUnknown } from '../calls/unknown-calls.js';
import { OPAQUE, factsOf } from '../values/facts.js';
import {
  isChunk,
  knownPattern,
  knownText,
  mapChunks,
  partsOf,
  splitText,
  text,
} from '../values/text-value.js';
import { array, constant, plain, unknown } from '../values/value.js';
import type { TextValue, Value } from '../values/value.types.js';

type TextModel = (self: TextValue, call: Call) => Value;

const MODELS: ReadonlyMap<string, TextModel> = new Map<string, TextModel>([
  ['toString', (self) => self],
  ['trim', trim],
  ['toLowerCase', (self) => mapChunks(self, (chunk) => chunk.toLowerCase())],
  ['toLocaleLowerCase', (self) => mapChunks(self, (chunk) => chunk.toLowerCase())],
  ['toUpperCase', (self) => mapChunks(self, (chunk) => chunk.toUpperCase())],
  ['replace', (self, call) => replace(self, call, (known, literal, to) => known.replace(literal, to))],
  ['replaceAll', (self, call) => replace(self, call, (known, literal, to) => known.replaceAll(literal, to))],
  ['split', split],
  ['includes', (self, call) => test(self, call, (known, wanted) => known.includes(wanted))],
  ['startsWith', (self, call) => test(self, call, (known, wanted) => known.startsWith(wanted))],
]);

/** The methods of strings that keep the known pieces of a text known. */
export function callTextMethod(self: TextValue, name: string, call: Call): Value {
  const model = MODELS.get(name);
  if (model) return model(self, call);
  const expression = call.site.callee;
  // `String.prototype.run = …`: the application may add methods.
  if (!(name in String.prototype)) return callUnknown({ name, expression, facts: OPAQUE }, call);
  return unknown(`${expression}()`, factsOf(self));
}

function trim(self: TextValue): Value {
  const known = knownText(self);
  if (known === undefined) return self;
  const [only] = self.parts;
  // SQL ignores blanks. The untrimmed text keeps its site.
  return self.parts.length === 1 && only && isChunk(only) && only.site ? self : text(known.trim());
}

function test(
  self: TextValue,
  { args, site }: Call,
  holds: (known: string, wanted: string) => boolean,
): Value {
  const known = knownText(self);
  const wanted = knownText(args[0]);
  return known === undefined || wanted === undefined ? plain(site.callee) : constant(holds(known, wanted));
}

type LiteralReplacement = (known: string, literal: string, to: () => string) => string;

function replace(self: TextValue, call: Call, replaceLiteral: LiteralReplacement): Value {
  const { args, site } = call;
  const [pattern, replacement] = args;
  const literal = knownText(pattern);
  const regular = knownPattern(pattern);
  if (literal === undefined && !regular) return self;
  if (replacement?.kind === 'function') call.machine.call(replacement, [plain('match')], site);
  const known = knownText(self);
  const to = replacement && knownText({ kind: 'text', parts: partsOf(replacement, site.callee) });
  if (known === undefined || to === undefined) return unknown(`${site.callee}()`, factsOf(self));
  return text(regular ? known.replace(regular, to) : replaceLiteral(known, literal ?? '', () => to));
}

function split(self: TextValue, { args: [separator], site }: Call): Value {
  const known = knownText(separator);
  const isUnknown = self.parts.length === 1 && !self.parts.every(isChunk);
  if (!known || isUnknown) return array([unknown(`${site.callee}()`, factsOf(self))], { isOpen: true });
  return array([...splitText(self, known)]);
}
