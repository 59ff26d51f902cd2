import { isPlatform } from './platform-names.js';
import type { Facts, Value } from './value.types.js';

/** The facts of plain data: a number, a text, a date. Its methods do not reach the database. */
export const NO_FACTS: Facts = Object.freeze({});

/** The facts of a value of which nothing is known: its methods may do anything. */
export const OPAQUE: Facts = Object.freeze({ opaque: true });

const DATABASE: Facts = Object.freeze({ database: true });

export function mergeFacts(...all: readonly Facts[]): Facts {
  let merged: Facts = NO_FACTS;
  for (const facts of all) if (facts !== NO_FACTS) merged = { ...merged, ...facts };
  return merged;
}

export function withoutOpaque({ opaque: _, ...facts }: Facts): Facts {
  return facts;
}

/** A member that was not read may be anything, unless the facts say where the object comes from. */
export function factsOfMembers(facts: Facts): Facts {
  return Object.keys(facts).length > 0 ? facts : OPAQUE;
}

const MAX_FACTS_DEPTH = 3;

/** The facts of a value and of its contents. */
export function factsOf(value: Value, depth = MAX_FACTS_DEPTH): Facts {
  switch (value.kind) {
    case 'unknown':
      return value.facts;
    case 'object':
      return depth === 0
        ? value.facts
        : mergeFacts(value.facts, ...[...value.properties.values()].map((item) => factsOf(item, depth - 1)));
    case 'array':
      return depth === 0 ? NO_FACTS : factsOfAll(value.items, depth - 1);
    case 'choice':
      return factsOfAll(value.options, depth);
    case 'text':
      return mergeFacts(...value.parts.map((part) => ('text' in part ? NO_FACTS : part.facts)));
    default:
      return factsOfCode(value, depth);
  }
}

/** The facts of handles and functions: what they can do is not plain data. */
function factsOfCode(value: Value, depth: number): Facts {
  switch (value.kind) {
    case 'constant':
      return NO_FACTS;
    case 'database':
      return DATABASE;
    case 'native':
      if (value.receiver) return depth > 0 ? factsOf(value.receiver, depth - 1) : NO_FACTS;
      return isPlatform(value.name) ? NO_FACTS : OPAQUE;
    default:
      return OPAQUE;
  }
}

/** The facts of several values together. */
export function factsOfAll(values: readonly Value[], depth = MAX_FACTS_DEPTH): Facts {
  return mergeFacts(...values.map((value) => factsOf(value, depth)));
}

const MAX_HOLDER_DEPTH = 3;

/** Can code that receives this value reach the database through it? */
export function holdsDatabase(value: Value, depth = MAX_HOLDER_DEPTH): boolean {
  switch (value.kind) {
    case 'database':
      return true;
    case 'unknown':
      return Boolean(value.facts.database);
    case 'array':
      return depth > 0 && value.items.some((item) => holdsDatabase(item, depth - 1));
    case 'object':
      return depth > 0 && [...value.properties.values()].some((item) => holdsDatabase(item, depth - 1));
    case 'choice':
      return value.options.some((option) => holdsDatabase(option, depth));
    default:
      return false;
  }
}
