import { factsOf } from './facts.js';
import { choice, optionsOf } from './value.js';
import type { Chunk, ConstantValue, Hole, Site, TextPart, TextValue, Value } from './value.types.js';

export function text(value: string, site?: Site): TextValue {
  return { kind: 'text', parts: [site ? { text: value, site } : { text: value }] };
}

export function isChunk(part: TextPart): part is Chunk {
  return 'text' in part;
}

/** The content of a text without holes. */
export function knownText(value: Value | undefined): string | undefined {
  if (value?.kind !== 'text') return undefined;
  let content = '';
  for (const part of value.parts) {
    if (!isChunk(part)) return undefined;
    content += part.text;
  }
  return content;
}

/** The regular expression of a literal such as `/a/g`. */
export function knownPattern(value: Value | undefined): RegExp | undefined {
  return value?.kind === 'constant' && value.value instanceof RegExp ? value.value : undefined;
}

function hole(value: Value, expression: string): Hole {
  return { expression: value.kind === 'unknown' ? value.expression : expression, facts: factsOf(value) };
}

/** The parts that a value contributes to a text. */
export function partsOf(value: Value, expression: string): readonly TextPart[] {
  switch (value.kind) {
    case 'text':
      return value.parts;
    case 'constant':
      return constantParts(value);
    case 'array':
      return value.isOpen ? [hole(value, expression)] : joinTexts(value.items, text(','), expression).parts;
    default:
      return [hole(value, expression)];
  }
}

function constantParts(value: ConstantValue): readonly TextPart[] {
  return [{ text: String(value.value) }];
}

const MAX_COMBINATIONS = 12;

/** Concatenates values. A value with several options yields one text per option, up to a limit. */
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

/** Changes each literal piece. A changed piece loses its site, because the source does not contain it. */
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

/** Splits at a literal separator. A hole is assumed not to contain the separator. */
export function splitText(value: TextValue, separator: string): readonly TextValue[] {
  const results: TextPart[][] = [[]];
  for (const part of value.parts) {
    if (isChunk(part)) splitChunk(part, separator, results);
    else results.at(-1)?.push(part);
  }
  return results.map((parts): TextValue => ({ kind: 'text', parts }));
}

function splitChunk(chunk: Chunk, separator: string, results: TextPart[][]): void {
  let start = 0;
  for (const piece of chunk.text.split(separator)) {
    if (start > 0) results.push([]);
    results.at(-1)?.push(subChunk(chunk, start, start + piece.length));
    start += piece.length + separator.length;
  }
}

function subChunk(chunk: Chunk, start: number, end: number): Chunk {
  const piece = chunk.text.slice(start, end);
  const { site } = chunk;
  // An escape sequence in the source makes the positions differ.
  if (!site || site.end - site.start !== chunk.text.length) return { text: piece };
  return { text: piece, site: { source: site.source, start: site.start + start, end: site.start + end } };
}
