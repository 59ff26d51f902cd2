import { callAccessor } from '../classes/accessors.js';
import { databaseAncestor, findMethod, methodValue, superOf } from '../classes/classes.js';
import { materialize } from '../classes/instances.js';
import { staticMember } from '../classes/statics.js';
import type { Machine, MemberAccess } from '../machine/machine.types.js';
import { isShared, lateProperty } from '../modules/shared-objects.js';
import { databaseMember } from '../typeorm/database-members.js';
import { OPAQUE, factsOf, factsOfMembers } from '../values/facts.js';
import { isPlatform } from '../values/platform-names.js';
import { knownText, text } from '../values/text-value.js';
import {
  UNDEFINED,
  choice,
  constant,
  database,
  isNothing,
  plain,
  presentOptions,
  unknown,
} from '../values/value.js';
import type {
  ArrayValue,
  ClassValue,
  ConstantValue,
  DatabaseRole,
  Facts,
  FunctionValue,
  NativeValue,
  ObjectValue,
  TextValue,
  Value,
} from '../values/value.types.js';

/** A promise is represented by its result, also by undefined. */
function constantMember(target: ConstantValue, name: string, expression: string): Value {
  if (/^(?:then|catch|finally)$/.test(name))
    return { kind: 'native', name: `promise.${name}`, receiver: target };
  return isNothing(target) ? unknown(expression) : plain(expression);
}

/** The value of `target.name`. */
export function memberOf(machine: Machine, target: Value, access: MemberAccess): Value {
  const { name, expression } = access;
  switch (target.kind) {
    case 'choice':
      return choice(presentOptions(target).map((option) => memberOf(machine, option, access)));
    case 'object':
      return objectMember(machine, target, access);
    case 'class':
      return classMember(machine, target, access);
    case 'array':
      return arrayMember(target, name, expression);
    case 'text':
      return textMember(target, name, expression);
    case 'database':
      return databaseMember(target, name, expression);
    case 'function':
      return functionMember(target, name, expression);
    case 'native':
      return nativeMember(machine, target, access);
    case 'namespace':
      return machine.exported(target.module, name);
    case 'constant':
      return constantMember(target, name, expression);
    case 'unknown':
      return unknownMember(target.facts, name, expression);
  }
}

function textMember(target: TextValue, name: string, expression: string): Value {
  if (name !== 'length') return { kind: 'native', name: `text.${name}`, receiver: target };
  const known = knownText(target);
  return known === undefined ? plain(expression) : constant(known.length);
}

function arrayMember(target: ArrayValue, name: string, expression: string): Value {
  if (name === 'length' || name === 'size')
    return target.isOpen
      ? unknown(expression, { rows: Boolean(factsOf(target).rows) })
      : constant(target.items.length);
  if (!/^\d+$/.test(name)) return { kind: 'native', name: `array.${name}`, receiver: target };
  const item = target.items[Number(name)];
  if (!target.isOpen) return item ?? UNDEFINED;
  return target.items.length > 0 ? choice([...target.items, UNDEFINED]) : unknown(expression);
}

function classMember(machine: Machine, target: ClassValue, access: MemberAccess): Value {
  const { name, expression } = access;
  const found = findMethod(machine, target, { name, isStatic: true });
  if (found) {
    const method = methodValue(found, target);
    return found.definition.kind === 'get' ? callAccessor(machine, method, [], access) : method;
  }
  if (name === 'name') return text(target.name);
  return staticMember(machine, target, name) ?? unknown(expression);
}

function objectMember(machine: Machine, target: ObjectValue, access: MemberAccess): Value {
  materialize(machine, target);
  const { name, expression } = access;
  const own = target.properties.get(name);
  const read = { name, expression, module: access.context.module };
  if (own?.kind === 'function' && own.isGetter) return callAccessor(machine, own, [], access);
  if (own) return lateProperty(target, own, read) ?? own;
  const inherited = target.class && instanceMember(machine, target.class, target, access);
  if (inherited) return inherited;
  const late = lateProperty(target, own, read);
  if (late) return late;
  const mayExist = target.isOpen || Object.keys(target.facts).length > 0;
  return mayExist ? unknown(expression, factsOfMembers(target.facts)) : UNDEFINED;
}

/** A member that the class of an instance, or one of its parents, defines. */
function instanceMember(
  machine: Machine,
  home: ClassValue,
  target: ObjectValue,
  { name, expression }: MemberAccess,
): Value | undefined {
  const found = findMethod(machine, home, { name });
  if (found) {
    const method = methodValue(found, target);
    if (found.definition.kind !== 'get') return method;
    const { scope, module } = found.home;
    return callAccessor(machine, method, [], { name, expression, context: { scope, module } });
  }
  if (name === 'constructor') return home;
  const ancestor = databaseAncestor(machine, home);
  return ancestor && databaseMember(ancestor, name, expression);
}

function nativeMember(machine: Machine, target: NativeValue, { name, expression }: MemberAccess): Value {
  if (target.name === 'super') return superMember(machine, target, name) ?? unknown(expression);
  if (target.name === 'process.env') return plain(expression);
  // A method of a method, e.g. `query.bind`, is a function too. Nothing is known of other members of a handle.
  if (target.receiver) return functionMember(target, name, expression);
  const full = `${target.name}.${name}`;
  return isPlatform(full) ? { kind: 'native', name: full } : unknown(expression);
}

function superMember(machine: Machine, target: NativeValue, name: string): Value | undefined {
  const home = machine.frames.at(-1)?.function.definedIn;
  const parent = home && superOf(machine, home);
  const found = parent?.kind === 'class' ? findMethod(machine, parent, { name }) : undefined;
  return found && methodValue(found, target.receiver ?? UNDEFINED);
}

const ROLE_BY_NAME: ReadonlyMap<string, DatabaseRole> = new Map([
  ['queryRunner', 'runner'],
  ['entityManager', 'manager'],
]);

/** The names that only mean a database handle as members of something that gives access to the database. */
const ROLE_BY_NAME_IN_CONTEXT: ReadonlyMap<string, DatabaseRole> = new Map([
  ['runner', 'runner'],
  ['manager', 'manager'],
  ['em', 'manager'],
  ['connection', 'source'],
  ['dataSource', 'source'],
]);

function unknownMember(facts: Facts, name: string, expression: string): Value {
  const certain = facts.rows ? undefined : ROLE_BY_NAME.get(name);
  const role = certain ?? (facts.database ? ROLE_BY_NAME_IN_CONTEXT.get(name) : undefined);
  return role ? database(role) : unknown(expression, facts);
}

/** Nothing is known of the properties that other code gives to a function. */
function functionMember(target: FunctionValue | NativeValue, name: string, expression: string): Value {
  return /^(?:bind|call|apply|then|catch|finally|name|length|toString)$/.test(name)
    ? { kind: 'native', name: `function.${name}`, receiver: target }
    : unknown(expression);
}

/** `container[key]` with an unknown key. */
export function elementOf(target: Value, expression: string): Value {
  switch (target.kind) {
    case 'array':
      return target.items.length > 0 && !target.isOpen
        ? choice(target.items)
        : unknown(expression, factsOfMembers(factsOf(target)));
    case 'object':
      return elementOfObject(target, expression);
    default:
      return unknown(expression, factsOf(target));
  }
}

function elementOfObject(target: ObjectValue, expression: string): Value {
  const values = [...target.properties.values()];
  const isComplete = values.length > 0 && !target.isOpen && !isShared(target);
  const other = unknown(expression, { ...factsOf(target), ...OPAQUE });
  return isComplete ? choice(values) : choice([...values, other]);
}
