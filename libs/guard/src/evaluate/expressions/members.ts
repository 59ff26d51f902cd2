import {
  databaseAncestor,
  findMethod,
  materialize,
  methodValue,
  staticMember,
  superOf,
} from '../classes/classes.js';
import { databaseMember } from '../typeorm/database-members.js';
import { database } from '../values/database-value.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { knownText } from '../values/text-value.js';
import {
  type Facts,
  type NativeValue,
  type ObjectValue,
  type Value,
  UNDEFINED,
  choice,
  constant,
  factsOf,
  unknown,
} from '../values/value.js';

/** The value of `target.name`. */
export function memberOf(
  machine: Machine,
  target: Value,
  name: string,
  expression: string,
  context: Context,
): Value {
  switch (target.kind) {
    case 'choice':
      return choice(target.options.map((option) => memberOf(machine, option, name, expression, context)));
    case 'object':
      return objectMember(machine, target, name, expression);
    case 'class': {
      const found = findMethod(machine, target, name, true);
      if (found)
        return found.definition.kind === 'get'
          ? callAccessor(machine, methodValue(found, target), [], expression, context)
          : methodValue(found, target);
      if (name === 'name') return { kind: 'text', parts: [{ text: target.name }] };
      return staticMember(machine, target, name) ?? unknown(expression);
    }
    case 'array':
      return arrayMember(target.items, target.open, name, expression, {
        kind: 'native',
        name: `array.${name}`,
        self: target,
      });
    case 'text': {
      const known = knownText(target);
      if (name === 'length') return known === undefined ? unknown(expression) : constant(known.length);
      return { kind: 'native', name: `text.${name}`, self: target };
    }
    case 'database':
      return databaseMember(target, name, expression);
    case 'function':
      if (name === 'name') return unknown(expression);
      return { kind: 'native', name: `function.${name}`, self: target };
    case 'native':
      return nativeMember(machine, target, name, expression);
    case 'namespace':
      return machine.exported(target.module, name);
    case 'constant':
      return unknown(expression);
    case 'unknown':
      return unknownMember(target.facts, name, expression);
  }
}

function arrayMember(
  items: readonly Value[],
  open: boolean,
  name: string,
  expression: string,
  method: NativeValue,
): Value {
  if (name === 'length' || name === 'size')
    return open
      ? unknown(expression, { rows: Boolean(factsOf({ kind: 'array', items: [...items], open }).rows) })
      : constant(items.length);
  if (!/^\d+$/.test(name)) return method;
  const item = items[Number(name)];
  if (item && !open) return item;
  if (item || open) return items.length > 0 ? choice([...items, UNDEFINED]) : unknown(expression);
  return UNDEFINED;
}

function objectMember(machine: Machine, target: ObjectValue, name: string, expression: string): Value {
  materialize(machine, target);
  const own = target.properties.get(name);
  if (own) return own;
  if (target.class) {
    const found = findMethod(machine, target.class, name, false);
    if (found) {
      const method = methodValue(found, target);
      return found.definition.kind === 'get'
        ? callAccessor(machine, method, [], expression, {
            scope: found.home.scope,
            module: found.home.module,
          })
        : method;
    }
    if (name === 'constructor') return target.class;
    const ancestor = databaseAncestor(machine, target.class);
    if (ancestor?.kind === 'database') return databaseMember(ancestor, name, expression);
  }
  return target.open || Object.keys(target.facts).length > 0 ? unknown(expression, target.facts) : UNDEFINED;
}

/** Calls a `get` or `set`: what it does stands where it is declared. */
export function callAccessor(
  machine: Machine,
  method: Value,
  args: readonly Value[],
  expression: string,
  context: Context,
): Value {
  if (method.kind !== 'function') return unknown(expression);
  const span = method.node;
  return machine.invoke(method, args, {
    node: {
      type: 'CallExpression',
      callee: { type: 'ThisExpression', start: span.start, end: span.end },
      arguments: [],
      optional: false,
      start: span.start,
      end: span.end,
    },
    context: { ...context, module: method.module },
    callee: expression,
  });
}

function nativeMember(machine: Machine, target: NativeValue, name: string, expression: string): Value {
  if (target.name === 'super') {
    const home = machine.frames.at(-1)?.function.home;
    const parent = home && superOf(machine, home);
    const found = parent?.kind === 'class' ? findMethod(machine, parent, name, false) : undefined;
    return found ? methodValue(found, target.self ?? UNDEFINED) : unknown(expression);
  }
  if (target.name === 'process.env') return unknown(expression);
  return { kind: 'native', name: `${target.name}.${name}` };
}

const ROLE_BY_NAME = new Map([
  ['queryRunner', 'runner'],
  ['entityManager', 'manager'],
] as const);

const ROLE_BY_NAME_OF_CONTEXT = new Map([
  ['runner', 'runner'],
  ['manager', 'manager'],
  ['em', 'manager'],
  ['connection', 'source'],
  ['dataSource', 'source'],
] as const);

function unknownMember(facts: Facts, name: string, expression: string): Value {
  const certain = (ROLE_BY_NAME as ReadonlyMap<string, 'runner' | 'manager'>).get(name);
  if (certain && !facts.rows) return database(certain);
  const probable = facts.database
    ? (ROLE_BY_NAME_OF_CONTEXT as ReadonlyMap<string, 'runner' | 'manager' | 'source'>).get(name)
    : undefined;
  return probable ? database(probable) : unknown(expression, facts);
}

/** `container[key]` with a key that is not known. */
export function elementOf(target: Value, expression: string): Value {
  if (target.kind === 'array' && target.items.length > 0 && !target.open) return choice(target.items);
  if (target.kind === 'object' && !target.open && target.properties.size > 0)
    return choice([...target.properties.values()]);
  return unknown(expression, factsOf(target));
}
