import type { ParsedModule } from '../../source/parsed-module.js';
import { UNDEFINED, choice, isNothing, unknown } from '../values/value.js';
import type { ArrayValue, DatabaseValue, ObjectValue, Value } from '../values/value.types.js';
import { lateAssignments } from './late-assignments.js';

/** Objects and lists that live as long as the program, with the module that makes them. */
const homes = new WeakMap<Value, ParsedModule>();
const frozen = new WeakSet<Value>();

/** What the types of the properties of an object say. */
const typed = new WeakMap<ObjectValue, ReadonlyMap<string, DatabaseValue>>();

const MAX_DEPTH = 4;

/** Records handles that code outside the migration sets as properties of an object. */
export function typeProperties(value: ObjectValue, handles: ReadonlyMap<string, DatabaseValue>): void {
  typed.set(value, handles);
}

/** Records that a value belongs to a module: other code may have changed it before the migration runs. */
export function share(value: Value, module: ParsedModule, depth = MAX_DEPTH): void {
  if (value.kind !== 'object' && value.kind !== 'array') return;
  if (depth === 0 || homes.has(value) || frozen.has(value)) return;
  homes.set(value, module);
  const contents = value.kind === 'object' ? value.properties.values() : value.items;
  for (const item of contents) share(item, module, depth - 1);
}

/** Can other code change the object? */
export function isShared(value: Value): boolean {
  return homes.has(value);
}

/** Can the object have properties that are not listed? Code that is not followed may fill a shared empty one. */
export function mayHaveMore(value: ObjectValue): boolean {
  return value.isOpen || (value.properties.size === 0 && homes.has(value));
}

/** `Object.freeze(…)`, `… as const`: no other code changes it. */
export function freeze(value: Value): Value {
  if ((value.kind !== 'object' && value.kind !== 'array') || frozen.has(value)) return value;
  frozen.add(value);
  for (const item of value.kind === 'object' ? value.properties.values() : value.items) freeze(item);
  return value;
}

/** A list or an object that code outside the migration may fill. */
export function openContainer(value: Value, expression: string): void {
  if (value.kind === 'array') openList(value, expression);
  else if (value.kind === 'object' && !value.class) value.isOpen = true;
}

/** A list that code outside the migration may fill: it may have any items. */
export function openList(list: ArrayValue, expression: string): void {
  list.items.push(unknown(`an item of ${expression}`));
  list.isOpen = true;
}

interface PropertyRead {
  readonly name: string;
  readonly expression: string;
  /** The module that contains the expression. */
  readonly module: ParsedModule;
}

/**
 * The value of an own property, when code that is not followed may have set it; otherwise nothing. A property
 * that is missing or undefined is set elsewhere, because the program reads it.
 */
export function lateProperty(
  target: ObjectValue,
  own: Value | undefined,
  { name, expression, module }: PropertyRead,
): Value | undefined {
  const home = homes.get(target);
  const modules = [target.class?.module, home, home && module].filter((item) => item !== undefined);
  const isAssigned = modules.some((item) => lateAssignments(item).properties.has(name));
  const isEmpty = own === undefined || isNothing(own);
  if (isEmpty && (home !== undefined || isAssigned)) return setElsewhere(target, name) ?? unknown(expression);
  if (home === undefined || own === undefined) return undefined;
  if (own.kind === 'array' && own.items.length === 0) openList(own, expression);
  const isSwitch = own.kind === 'constant' && own.value === false;
  return isAssigned || isSwitch ? choice([own, unknown(expression)]) : undefined;
}

/** The handle that the type of a property names. The program may also ask whether it is set. */
function setElsewhere(target: ObjectValue, name: string): Value | undefined {
  const handle = typed.get(target)?.get(name);
  return handle && choice([UNDEFINED, handle]);
}
