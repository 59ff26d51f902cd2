import { NO_FACTS, OPAQUE, factsOfAll } from './facts.js';
import type {
  ArrayValue,
  BuilderState,
  ChoiceValue,
  ConstantValue,
  DatabaseRole,
  DatabaseValue,
  EntityName,
  Facts,
  ObjectValue,
  TextPart,
  TextValue,
  UnknownValue,
  Value,
} from './value.types.js';

export const UNDEFINED: ConstantValue = Object.freeze({ kind: 'constant', value: undefined });

export function constant(value: ConstantValue['value']): ConstantValue {
  return { kind: 'constant', value };
}

/** @param facts what is known about it; by default nothing, so that a call of it may do anything */
export function unknown(expression: string, facts: Facts = OPAQUE): UnknownValue {
  return { kind: 'unknown', expression, facts };
}

/** A number, a text, a date or the like that is not known. */
export function plain(expression: string, { likely }: Likelihood = {}): UnknownValue {
  const value = unknown(expression, NO_FACTS);
  return likely === undefined ? value : { ...value, likely };
}

/** What a value probably is as a condition. */
interface Likelihood {
  readonly likely?: boolean | undefined;
}

export function array(items: Value[], { isOpen = false }: { readonly isOpen?: boolean } = {}): ArrayValue {
  return { kind: 'array', items, isOpen };
}

export function object(
  entries: Iterable<readonly [string, Value]> = [],
  { isOpen = false }: { readonly isOpen?: boolean } = {},
): ObjectValue {
  return { kind: 'object', properties: new Map(entries), setters: new Map(), isOpen, facts: NO_FACTS };
}

export function database(role: DatabaseRole, entity?: EntityName): DatabaseValue {
  return entity ? { kind: 'database', role, entity } : { kind: 'database', role };
}

/** A new query builder. It selects until a method says otherwise. */
export function builder(entity?: EntityName): DatabaseValue {
  return { kind: 'database', role: 'builder', builder: builderState(entity) };
}

export function builderState(entity?: EntityName): BuilderState {
  const state: BuilderState = { verb: 'select', conditions: [], columns: new Map() };
  if (entity) state.entity = entity;
  return state;
}

export function isUndefined(value: Value): boolean {
  return value.kind === 'constant' && value.value === undefined;
}

/** Is it null or undefined? The program would fail if it called one of its methods. */
export function isNothing(value: Value): boolean {
  return value.kind === 'constant' && (value.value === undefined || value.value === null);
}

export function knownNumber(value: Value | undefined): number | undefined {
  return value?.kind === 'constant' && typeof value.value === 'number' ? value.value : undefined;
}

const MAX_OPTIONS = 16;

/** The smallest value that covers all given values. */
export function choice(values: readonly Value[]): Value {
  const options: Value[] = [];
  for (const value of values)
    for (const option of optionsOf(value))
      if (!options.some((known) => isSame(known, option))) options.push(option);
  const [first] = options;
  if (first === undefined) return UNDEFINED;
  if (options.length === 1) return first;
  if (options.length > MAX_OPTIONS) return unknown('one of many values', factsOfAll(options));
  return { kind: 'choice', options };
}

export function optionsOf(value: Value): readonly Value[] {
  return value.kind === 'choice' ? value.options : [value];
}

/** The options without null and undefined, of which the program could read no member. */
export function presentOptions(value: ChoiceValue): readonly Value[] {
  const present = value.options.filter((option) => !isNothing(option));
  return present.length > 0 ? present : value.options;
}

/** The one option that is neither null nor undefined, of which the program could read no member. */
export function onlyPresent(value: Value): Value {
  if (value.kind !== 'choice') return value;
  const [first, ...others] = presentOptions(value);
  return first && others.length === 0 ? first : value;
}

function isSame(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (left.kind === 'constant' && right.kind === 'constant') return Object.is(left.value, right.value);
  if (left.kind === 'text' && right.kind === 'text') return isSameText(left, right);
  if (left.kind === 'unknown' && right.kind === 'unknown')
    return left.expression === right.expression && left.facts === right.facts && left.found === right.found;
  return false;
}

function isSameText(left: TextValue, right: TextValue): boolean {
  return (
    left.parts.length === right.parts.length &&
    left.parts.every((part, index) => isSamePart(part, right.parts[index]))
  );
}

function isSamePart(left: TextPart, right: TextPart | undefined): boolean {
  if (right === undefined) return false;
  if ('text' in left) return 'text' in right && left.text === right.text;
  return !('text' in right) && left.expression === right.expression;
}
