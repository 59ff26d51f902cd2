import type * as ast from 'oxc-parser';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { SourceText } from '../../source/source-text.js';
import type { Scope } from '../machine/scope.js';
import type { DatabaseValue } from './database-value.js';

/**
 * What the evaluator knows of a value without running the program. The lattice is shallow on purpose: texts with holes,
 * containers, functions and handles on the database are followed, all else is `unknown` with the expression it came from.
 */
export type Value =
  | TextValue
  | ConstantValue
  | ArrayValue
  | ObjectValue
  | FunctionValue
  | ClassValue
  | NativeValue
  | NamespaceValue
  | DatabaseValue
  | ChoiceValue
  | UnknownValue;

/** Where a piece of code or SQL stands. */
export interface Site {
  readonly source: SourceText;
  readonly start: number;
  readonly end: number;
}

/** A literal piece of a text. `site` is missing where the text was computed and stands nowhere as it is. */
export interface Chunk {
  readonly text: string;
  readonly site?: Site;
}

/** A piece of a text whose content is not known; `expression` is the code that yields it. */
export interface Hole {
  readonly expression: string;
  readonly facts: Facts;
}

export type TextPart = Chunk | Hole;

export interface TextValue {
  readonly kind: 'text';
  readonly parts: readonly TextPart[];
}

export interface ConstantValue {
  readonly kind: 'constant';
  readonly value: number | bigint | boolean | null | undefined | RegExp;
}

export interface ArrayValue {
  readonly kind: 'array';
  items: Value[];
  /** More items of the same sort may be in it (filled in a loop, spread from something unknown). */
  open: boolean;
}

export interface ObjectValue {
  readonly kind: 'object';
  readonly properties: Map<string, Value>;
  /** The class it is an instance of. */
  readonly class?: ClassValue;
  /** It may have properties that are not listed. */
  open: boolean;
  facts: Facts;
}

export type FunctionNode = ast.Function | ast.ArrowFunctionExpression;

export interface FunctionValue {
  readonly kind: 'function';
  readonly node: FunctionNode;
  readonly scope: Scope;
  readonly module: ParsedModule;
  readonly self?: Value;
  /** The class whose `super` it sees. */
  readonly home?: ClassValue;
  readonly name: string;
  /** Arguments that `bind` put in front. */
  readonly bound?: readonly Value[];
  /** A generator that stands for an async function, as compilers write one for old targets. */
  readonly isAsync?: true;
}

export interface ClassValue {
  readonly kind: 'class';
  readonly node: ast.Class;
  readonly scope: Scope;
  readonly module: ParsedModule;
  readonly name: string;
  readonly statics: Map<string, Value>;
}

/** A function or namespace of the platform that the evaluator models, e.g. `Object.values`, `path.join`. */
export interface NativeValue {
  readonly kind: 'native';
  readonly name: string;
  /** The value that a native method is taken from, e.g. the array of `array.push`. */
  readonly self?: Value;
}

/** All that a module exports: `import * as x`, `require()`. */
export interface NamespaceValue {
  readonly kind: 'namespace';
  readonly module: ParsedModule;
}

/** One of several, e.g. both arms of a ternary. */
export interface ChoiceValue {
  readonly kind: 'choice';
  readonly options: readonly Value[];
}

/** What is known of an unknown value: where it comes from decides how it is judged. */
export interface Facts {
  /** Read from the database: a loop over it is a loop over rows. */
  readonly rows?: boolean;
  /** A row read through the ORM: `row.save()` writes. */
  readonly entity?: boolean;
  /** Comes out of an application started inside the migration. */
  readonly application?: boolean;
  /** Gives access to the database although its type is not known, e.g. a wrapper's context. */
  readonly database?: boolean;
  /** The module it was imported from, when that module was not read. */
  readonly module?: string;
}

export interface UnknownValue {
  readonly kind: 'unknown';
  /** The code that yields it, for messages; also its dotted name, for conventions such as `isPostgres`. */
  readonly expression: string;
  readonly facts: Facts;
  /** It stands for any number of values: `...rows` among arguments. */
  readonly many?: true;
}

export const NO_FACTS: Facts = Object.freeze({});

export const UNDEFINED: ConstantValue = Object.freeze({ kind: 'constant', value: undefined });

export function constant(value: ConstantValue['value']): ConstantValue {
  return { kind: 'constant', value };
}

export function unknown(expression: string, facts: Facts = NO_FACTS): UnknownValue {
  return { kind: 'unknown', expression, facts };
}

export function array(items: Value[], open = false): ArrayValue {
  return { kind: 'array', items, open };
}

export function object(entries: Iterable<readonly [string, Value]> = [], open = false): ObjectValue {
  return { kind: 'object', properties: new Map(entries), open, facts: NO_FACTS };
}

const MAX_OPTIONS = 16;

/** The least value that covers all given ones. */
export function choice(values: readonly Value[]): Value {
  const options: Value[] = [];
  for (const value of values)
    for (const option of value.kind === 'choice' ? value.options : [value])
      if (!options.some((known) => same(known, option))) options.push(option);
  const [first] = options;
  if (first === undefined) return UNDEFINED;
  if (options.length === 1) return first;
  if (options.length > MAX_OPTIONS)
    return unknown('one of many values', mergeFacts(...options.map((option) => factsOf(option))));
  return { kind: 'choice', options };
}

export function optionsOf(value: Value): readonly Value[] {
  return value.kind === 'choice' ? value.options : [value];
}

function same(left: Value, right: Value): boolean {
  if (left === right) return true;
  if (left.kind === 'constant' && right.kind === 'constant') return Object.is(left.value, right.value);
  if (left.kind === 'text' && right.kind === 'text')
    return (
      left.parts.length === right.parts.length &&
      left.parts.every((part, index) => samePart(part, right.parts[index]))
    );
  if (left.kind === 'unknown' && right.kind === 'unknown')
    return left.expression === right.expression && left.facts === right.facts;
  return false;
}

function samePart(left: TextPart, right: TextPart | undefined): boolean {
  if (right === undefined) return false;
  if ('text' in left) return 'text' in right && left.text === right.text;
  return !('text' in right) && left.expression === right.expression;
}

export function mergeFacts(...all: readonly Facts[]): Facts {
  let merged: Facts = NO_FACTS;
  for (const facts of all) if (facts !== NO_FACTS) merged = { ...merged, ...facts };
  return merged;
}

const FACTS_DEPTH = 3;

/** Facts of a value and of what it contains. */
export function factsOf(value: Value, depth = FACTS_DEPTH): Facts {
  switch (value.kind) {
    case 'unknown':
      return value.facts;
    case 'object':
      return depth === 0
        ? value.facts
        : mergeFacts(value.facts, ...[...value.properties.values()].map((item) => factsOf(item, depth - 1)));
    case 'array':
      return depth === 0 ? NO_FACTS : mergeFacts(...value.items.map((item) => factsOf(item, depth - 1)));
    case 'choice':
      return mergeFacts(...value.options.map((option) => factsOf(option, depth)));
    case 'text':
      return mergeFacts(...value.parts.map((part) => ('text' in part ? NO_FACTS : part.facts)));
    case 'native':
      return value.self && depth > 0 ? factsOf(value.self, depth - 1) : NO_FACTS;
    default:
      return NO_FACTS;
  }
}
