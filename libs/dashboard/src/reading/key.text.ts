import { SteeringRefusal } from '../actions/steering.refusal.js';
import { TEXTS } from '../texts.js';

const MAX_SHOWN = 100;

/** A key on one line: the value of its only column, or a JSON array of texts. */
export function keyToText(key: readonly string[]): string {
  const [only = ''] = key;
  const isPlain = key.length === 1 && /^[^[\s]\S*$/.test(only);
  return isPlain ? only : JSON.stringify(key);
}

/** @throws SteeringRefusal for what begins like a JSON array and is no array of texts */
export function keyFromText(text: string): readonly string[] {
  if (!text.startsWith('[')) return [text];
  const key = parse(text);
  if (Array.isArray(key) && key.length > 0 && key.every((part) => typeof part === 'string')) return key;
  throw new SteeringRefusal(400, TEXTS.errors.key(text.slice(0, MAX_SHOWN)));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
