import { compareDriver, isPostgresVariant, likelyByName, likelyEquality } from './driver-names.js';
import { isChunk, knownText } from './text-value.js';
import { isNothing, optionsOf } from './value.js';
import type { TextValue, Value } from './value.types.js';

/** Whether a condition holds; `undefined` when that is not certain. */
export function truthOf(value: Value): boolean | undefined {
  switch (value.kind) {
    case 'constant':
      return Boolean(value.value);
    case 'text':
      return truthOfText(value);
    case 'native':
      // A global or a property without a model may be missing.
      return undefined;
    case 'choice': {
      const [first, ...rest] = value.options.map(truthOf);
      return rest.every((truth) => truth === first) ? first : undefined;
    }
    case 'unknown':
      return undefined;
    default:
      return true;
  }
}

/** What an uncertain condition probably is, e.g. `isMySQL()` in code for several databases. */
export function likelyTruth(value: Value): boolean | undefined {
  if (value.kind === 'choice') {
    const [first, ...rest] = value.options.map((option) => truthOf(option) ?? likelyTruth(option));
    return rest.every((truth) => truth === first) ? first : undefined;
  }
  if (value.kind !== 'unknown' || value.facts.rows || value.facts.entity) return undefined;
  return value.likely ?? likelyByName(value.expression);
}

function truthOfText({ parts }: TextValue): boolean | undefined {
  if (parts.some((part) => isChunk(part) && part.text !== '')) return true;
  return parts.every(isChunk) ? false : undefined;
}

/** Whether the value is neither null nor undefined; `undefined` when that is not certain. */
export function isPresent(value: Value): boolean | undefined {
  if (value.kind === 'constant') return value.value !== null && value.value !== undefined;
  return value.kind === 'unknown' || value.kind === 'choice' ? undefined : true;
}

/** Whether `left === right` or `left == right` holds; `undefined` when that is not certain. */
export function equality(left: Value, right: Value): boolean | undefined {
  const lefts = optionsOf(left);
  const rights = optionsOf(right);
  const outcomes = lefts.flatMap((one) => rights.map((other) => equalityOfOptions(one, other)));
  const [first] = outcomes;
  return outcomes.every((outcome) => outcome === first) ? first : undefined;
}

/** Whether `left == right` holds. Values of different types are equal after a conversion that is not modelled. */
export function looseEquality(left: Value, right: Value): boolean | undefined {
  const pairs = optionsOf(left).flatMap((one) => optionsOf(right).map((other) => [one, other] as const));
  if (pairs.every(([one, other]) => isNothing(one) && isNothing(other))) return true;
  const isConverted = pairs.some(
    ([one, other]) => kindOf(one) !== kindOf(other) && !isNothing(one) && !isNothing(other),
  );
  const bothNothing = pairs.some(([one, other]) => isNothing(one) && isNothing(other));
  return isConverted || bothNothing ? undefined : equality(left, right);
}

function kindOf(value: Value): string {
  return value.kind === 'constant' ? typeof value.value : value.kind;
}

/** The same for a comparison that is not certain. */
export function likelyEqual(left: Value, right: Value): boolean | undefined {
  const outcomes = optionsOf(left).flatMap((one) =>
    optionsOf(right).map((other) => equalityOfOptions(one, other) ?? likelyEquality(one, other)),
  );
  const [first] = outcomes;
  return outcomes.every((outcome) => outcome === first) ? first : undefined;
}

function equalityOfOptions(left: Value, right: Value): boolean | undefined {
  const driver = compareDriver(left, right);
  if (driver !== undefined) return driver;
  if (isPostgresVariant(left, right) || isPostgresVariant(right, left)) return undefined;
  const leftText = knownText(left);
  const rightText = knownText(right);
  if (leftText !== undefined && rightText !== undefined) return leftText === rightText;
  if (left.kind === 'constant' && right.kind === 'constant') return left.value === right.value;
  if (left.kind === 'constant' && isNoConstant(right)) return false;
  if (right.kind === 'constant' && isNoConstant(left)) return false;
  return undefined;
}

/** Is it certainly not a number, a boolean, null or undefined? */
function isNoConstant(value: Value): boolean {
  if (value.kind === 'text') return knownText(value) !== undefined;
  return value.kind !== 'unknown' && value.kind !== 'choice' && value.kind !== 'native';
}
