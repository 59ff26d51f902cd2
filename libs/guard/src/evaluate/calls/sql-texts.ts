import { isChunk } from '../values/text-value.js';
import { optionsOf } from '../values/value.js';
import type { TextValue, Value } from '../values/value.types.js';

/** SQL is recognized by the start of a statement. A single word is a name, not a statement. */
const SQL_START =
  /^\s*(?:(?:--[^\n]*\n|\/\*[^]*?\*\/)\s*)*(?:(?:update|insert\s+into|delete\s+from|merge\s+into|truncate|copy|with|do|select|call|perform|explain|set|lock|begin|create|alter|drop|comment\s+on|grant|revoke|refresh|reindex|vacuum|analyze)\s+\S|do\s*\$|with\s)/i;

export function looksLikeSql(value: TextValue): boolean {
  const [first] = value.parts.filter((part) => !isChunk(part) || part.text.trim() !== '');
  if (first === undefined || !isChunk(first)) return false;
  return (
    SQL_START.test(`${first.text}${value.parts.length > 1 ? ' x' : ''}`) &&
    value.parts.some((part) => isChunk(part) && /\s/.test(part.text.trim()))
  );
}

/** The texts among arguments that look like SQL: also in a list, and as `{ text }` or `{ sql }`. */
export function sqlTextsIn(args: readonly Value[]): readonly TextValue[] {
  return args
    .flatMap((arg) => (arg.kind === 'array' ? arg.items : [arg]))
    .flatMap(optionsOf)
    .map((option) =>
      option.kind === 'object' ? (option.properties.get('text') ?? option.properties.get('sql')) : option,
    )
    .filter((text): text is TextValue => text?.kind === 'text' && looksLikeSql(text));
}
