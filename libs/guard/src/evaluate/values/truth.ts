import { compareDriver, truthByName } from './driver-names.js';
import { isChunk, knownText } from './text-value.js';
import { optionsOf, type Value } from './value.js';

/** Whether a condition holds, when that is certain. */
export function truthOf(value: Value): boolean | undefined {
  switch (value.kind) {
    case 'constant':
      return Boolean(value.value);
    case 'text':
      if (value.parts.some((part) => isChunk(part) && part.text !== '')) return true;
      return value.parts.every(isChunk) ? false : undefined;
    case 'array':
    case 'function':
    case 'class':
    case 'database':
      return true;
    case 'object':
    case 'namespace':
      return true;
    case 'native':
      // A global or a property that the model does not know may be missing.
      return undefined;
    case 'choice': {
      const [first, ...rest] = value.options.map(truthOf);
      return rest.every((truth) => truth === first) ? first : undefined;
    }
    case 'unknown':
      return truthByName(value);
  }
}

/** `left === right` (or `==`), when that is certain. */
export function equality(left: Value, right: Value): boolean | undefined {
  const lefts = optionsOf(left);
  const rights = optionsOf(right);
  const outcomes = lefts.flatMap((one) => rights.map((other) => equalOne(one, other)));
  const [first] = outcomes;
  return outcomes.every((outcome) => outcome === first) ? first : undefined;
}

function equalOne(left: Value, right: Value): boolean | undefined {
  const driver = compareDriver(left, right);
  if (driver !== undefined) return driver;
  const leftText = knownText(left);
  const rightText = knownText(right);
  if (leftText !== undefined && rightText !== undefined) return leftText === rightText;
  if (left.kind === 'constant' && right.kind === 'constant') return left.value === right.value;
  const definite = (value: Value): boolean =>
    value.kind !== 'unknown' && value.kind !== 'choice' && value.kind !== 'text' && value.kind !== 'native';
  if (left.kind === 'constant' && (definite(right) || rightText !== undefined)) return false;
  if (right.kind === 'constant' && (definite(left) || leftText !== undefined)) return false;
  return undefined;
}
