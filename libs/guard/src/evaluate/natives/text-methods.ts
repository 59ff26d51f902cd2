import {
  globalPattern,
  isChunk,
  joinTexts,
  knownText,
  literalPattern,
  mapChunks,
  replaceInText,
  splitText,
  text,
  partsOf,
} from '../values/text-value.js';
import { type TextValue, type Value, array, constant, factsOf, unknown } from '../values/value.js';

/** Methods of strings, as far as they keep a text's known pieces known. */
export function callTextMethod(
  self: TextValue,
  name: string,
  args: readonly Value[],
  expression: string,
  callback: (fn: Value, args: readonly Value[]) => Value,
): Value {
  const [first, second] = args;
  const known = knownText(self);
  switch (name) {
    case 'toString':
    case 'valueOf':
    case 'normalize':
      return self;
    case 'trim':
    case 'trimStart':
    case 'trimEnd':
      return known === undefined ? self : keepSite(self, known.trim());
    case 'concat':
      return joinTexts([self, ...args], text(''), expression);
    case 'toLowerCase':
    case 'toLocaleLowerCase':
      return mapChunks(self, (chunk) => chunk.toLowerCase());
    case 'toUpperCase':
    case 'toLocaleUpperCase':
      return mapChunks(self, (chunk) => chunk.toUpperCase());
    case 'replace':
    case 'replaceAll':
      return replace(self, name, first, second, expression, callback);
    case 'split':
      return split(self, first, expression);
    case 'slice':
    case 'substring':
    case 'substr':
      return cut(self, name, first, second, expression);
    case 'repeat':
      return known !== undefined &&
        first?.kind === 'constant' &&
        typeof first.value === 'number' &&
        first.value < 1000
        ? text(known.repeat(first.value))
        : unknown(expression);
    case 'includes':
    case 'startsWith':
    case 'endsWith': {
      const wanted = first && knownText(first);
      return known === undefined || wanted === undefined
        ? unknown(expression)
        : constant(known[name](wanted));
    }
    case 'indexOf':
    case 'lastIndexOf': {
      const wanted = first && knownText(first);
      return known === undefined || wanted === undefined
        ? unknown(expression)
        : constant(known[name](wanted));
    }
    case 'padStart':
    case 'padEnd':
      return self;
    default:
      return unknown(expression, factsOf(self));
  }
}

function keepSite(self: TextValue, trimmed: string): TextValue {
  const [only] = self.parts;
  // Leading blanks would shift every position; the text is kept as it stands, since SQL does not mind them.
  return self.parts.length === 1 && only && isChunk(only) && only.site ? self : text(trimmed);
}

function replace(
  self: TextValue,
  name: string,
  pattern: Value | undefined,
  replacement: Value | undefined,
  expression: string,
  callback: (fn: Value, args: readonly Value[]) => Value,
): Value {
  const literal = pattern && knownText(pattern);
  const regular = pattern?.kind === 'constant' && pattern.value instanceof RegExp ? pattern.value : undefined;
  if (literal === undefined && !regular) return self;
  const source = regular ? (regular.global ? regular : firstOnly(regular)) : literalPattern(literal ?? '');
  const given = replacement?.kind === 'function' ? callback(replacement, [unknown('match')]) : replacement;
  const parts: TextValue =
    given?.kind === 'text' ? given : { kind: 'text', parts: given ? partsOf(given, expression) : [] };
  const isPlain = parts.parts.every(isChunk);
  const known = knownText(self);
  if (known !== undefined && isPlain && replacement?.kind !== 'function') {
    const to = knownText(parts) ?? '';
    if (regular) return text(known.replace(regular, to));
    return text(
      name === 'replaceAll'
        ? known.replaceAll(literal ?? '', () => to)
        : known.replace(literal ?? '', () => to),
    );
  }
  return replaceInText(self, globalPattern(source), parts);
}

function firstOnly(pattern: RegExp): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace('y', ''));
}

function split(self: TextValue, separator: Value | undefined, expression: string): Value {
  const literal = separator && knownText(separator);
  const regular =
    separator?.kind === 'constant' && separator.value instanceof RegExp ? separator.value : undefined;
  if (literal === undefined && !regular) return array([unknown(expression, factsOf(self))], true);
  if (self.parts.length === 1 && !self.parts.every(isChunk))
    return array([unknown(expression, factsOf(self))], true);
  return array([...splitText(self, regular ?? literal ?? '')]);
}

function cut(
  self: TextValue,
  name: string,
  from: Value | undefined,
  to: Value | undefined,
  expression: string,
): Value {
  const known = knownText(self);
  const start = from?.kind === 'constant' && typeof from.value === 'number' ? from.value : undefined;
  const end = to?.kind === 'constant' && typeof to.value === 'number' ? to.value : undefined;
  if (known === undefined || start === undefined || (to && end === undefined))
    return known === undefined ? self : unknown(expression, factsOf(self));
  if (name === 'substr') return text(known.slice(start, end === undefined ? undefined : start + end));
  return text(name === 'slice' ? known.slice(start, end) : known.substring(start, end));
}
