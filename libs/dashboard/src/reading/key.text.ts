import { SteeringRefusal } from '../actions/steering.refusal.js';
import { TEXTS } from '../texts.js';

/** A key on one line: the value of its only column, or a JSON array of texts. */
export function keyToText(key: readonly string[]): string {
  const [only = ''] = key;
  const isPlain = key.length === 1 && /^[^[\s]\S*$/.test(only);
  return isPlain ? only : JSON.stringify(key);
}

/** @throws SteeringRefusal for what begins like a JSON array and is none */
export function keyFromText(text: string): readonly string[] {
  if (!text.startsWith('[')) return [text];
  try {
    return JSON.parse(text) as readonly string[];
  } catch {
    throw new SteeringRefusal(422, TEXTS.errors.key(text));
  }
}
