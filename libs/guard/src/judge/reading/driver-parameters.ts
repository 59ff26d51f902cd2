import { isChunk } from '../../evaluate/values/text-value.js';
import type { TextValue } from '../../evaluate/values/value.types.js';

/** Replaces parameters of drivers (`:name`, `?`), which are not SQL, by values of the same length. */
export function withoutDriverParameters(value: TextValue): TextValue {
  return {
    kind: 'text',
    parts: value.parts.map((part) => {
      if (!isChunk(part)) return part;
      // The length stays the same, so that positions stay correct.
      const text = part.text
        .replace(/(?<![:\w]):(?:\.\.\.)?[A-Za-z_]\w*/g, (name) => '$1'.padEnd(name.length))
        .replace(/(?<=[\s(,=<>])\?(?=[\s),;]|$)/g, '0');
      return text === part.text ? part : { ...part, text };
    }),
  };
}
