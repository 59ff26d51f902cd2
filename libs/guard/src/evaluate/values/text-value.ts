import {
  type Chunk,
  type ConstantValue,
  type Hole,
  type Site,
  type TextPart,
  type TextValue,
  type Value,
  choice,
  factsOf,
  optionsOf,
} from './value.js';

export function text(value: string, site?: Site): TextValue {
  return { kind: 'text', parts: [site ? { text: value, site } : { text: value }] };
}

export function isChunk(part: TextPart): part is Chunk {
  return 'text' in part;
}

/** The content, when no part of it is unknown. */
export function knownText(value: Value): string | undefined {
  if (value.kind !== 'text') return undefined;
  let content = '';
  for (const part of value.parts) {
    if (!isChunk(part)) return undefined;
    content += part.text;
  }
  return content;
}

function hole(value: Value, expression: string): Hole {
  return { expression: value.kind === 'unknown' ? value.expression : expression, facts: factsOf(value) };
}

/** The parts that a value contributes to a text it is spliced into. */
export function partsOf(value: Value, expression: string): readonly TextPart[] {
  switch (value.kind) {
    case 'text':
      return value.parts;
    case 'constant':
      return constantParts(value);
    case 'array': {
      if (value.open) return [hole(value, expression)];
      return joinTexts(value.items, text(','), expression).parts;
    }
    default:
      return [hole(value, expression)];
  }
}

function constantParts(value: ConstantValue): readonly TextPart[] {
  return [{ text: String(value.value) }];
}

const MAX_COMBINATIONS = 12;

/** Concatenates; a piece that may be one of several texts yields one of several results. */
export function concatenate(
  pieces: readonly { readonly value: Value; readonly expression: string }[],
): Value {
  let results: TextPart[][] = [[]];
  for (const { value, expression } of pieces) {
    const options = optionsOf(value);
    if (options.length > 1 && results.length * options.length <= MAX_COMBINATIONS) {
      results = options.flatMap((option) =>
        results.map((parts) => [...parts, ...partsOf(option, expression)]),
      );
    } else {
      const parts = options.length > 1 ? [hole(value, expression)] : partsOf(value, expression);
      for (const result of results) result.push(...parts);
    }
  }
  return choice(results.map((parts): TextValue => ({ kind: 'text', parts })));
}

export function joinTexts(items: readonly Value[], separator: TextValue, expression: string): TextValue {
  const parts: TextPart[] = [];
  items.forEach((item, index) => {
    if (index > 0) parts.push(...separator.parts);
    parts.push(...(item.kind === 'choice' ? [hole(item, expression)] : partsOf(item, expression)));
  });
  return { kind: 'text', parts };
}

/** Applies a change to each literal piece and drops its site, since it then stands nowhere as it is. */
export function mapChunks(value: TextValue, change: (chunk: string) => string): TextValue {
  return {
    kind: 'text',
    parts: value.parts.map((part) => {
      if (!isChunk(part)) return part;
      const changed = change(part.text);
      return changed === part.text ? part : { text: changed };
    }),
  };
}

/** Replaces each match in the literal pieces by the parts of another text. */
export function replaceInText(value: TextValue, pattern: RegExp, replacement: TextValue): TextValue {
  const parts: TextPart[] = [];
  for (const part of value.parts) {
    if (!isChunk(part)) {
      parts.push(part);
      continue;
    }
    let last = 0;
    for (const match of part.text.matchAll(pattern)) {
      parts.push(subChunk(part, last, match.index), ...replacement.parts);
      last = match.index + match[0].length;
    }
    parts.push(subChunk(part, last, part.text.length));
  }
  return { kind: 'text', parts };
}

/** Splits at a literal separator; a hole never contains it as far as is known. */
export function splitText(value: TextValue, separator: string | RegExp): readonly TextValue[] {
  const results: TextPart[][] = [[]];
  for (const part of value.parts) {
    if (!isChunk(part)) {
      results.at(-1)?.push(part);
      continue;
    }
    const pattern = typeof separator === 'string' ? literalPattern(separator) : globalPattern(separator);
    let last = 0;
    for (const match of part.text.matchAll(pattern)) {
      if (match[0] === '') continue;
      results.at(-1)?.push(subChunk(part, last, match.index));
      results.push([]);
      last = match.index + match[0].length;
    }
    results.at(-1)?.push(subChunk(part, last, part.text.length));
  }
  return results.map((parts): TextValue => ({ kind: 'text', parts }));
}

export function literalPattern(literal: string): RegExp {
  return new RegExp(literal.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'), 'g');
}

export function globalPattern(pattern: RegExp): RegExp {
  return pattern.global ? pattern : new RegExp(pattern.source, `${pattern.flags}g`);
}

function subChunk(chunk: Chunk, start: number, end: number): Chunk {
  const piece = chunk.text.slice(start, end);
  const { site } = chunk;
  if (!site || site.end - site.start !== chunk.text.length) return { text: piece };
  return { text: piece, site: { source: site.source, start: site.start + start, end: site.start + end } };
}
