import type * as ast from 'oxc-parser';
import { callAccessor } from '../classes/accessors.js';
import { type FoundMethod, findMethod, methodValue } from '../classes/classes.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { factsOf, mergeFacts } from '../values/facts.js';
import { UNDEFINED, choice, constant, knownNumber, onlyPresent, plain, unknown } from '../values/value.js';
import type { ArrayValue, ClassValue, ObjectValue, Value } from '../values/value.types.js';
import { sum } from './operators.js';
import { type PatternTarget, destructure } from './patterns.js';
import { memberName } from './property-names.js';

export function evaluateAssignment(
  machine: Machine,
  node: ast.AssignmentExpression,
  context: Context,
): Value {
  const right = machine.evaluate(node.right, context);
  const value =
    node.operator === '=' ? right : combine(node, currentValue(machine, node.left, context), right, context);
  assign(machine, node.left, value, context);
  return value;
}

/** The value that the target of `+=`, `++` and the like has before. */
function currentValue(machine: Machine, target: ast.AssignmentTarget, context: Context): Value {
  return target.type === 'Identifier' || target.type === 'MemberExpression'
    ? machine.evaluate(target, context)
    : unknown('');
}

function combine(node: ast.AssignmentExpression, left: Value, right: Value, context: Context): Value {
  switch (node.operator) {
    case '+=':
      return sum({ left, right, node, context });
    case '||=':
    case '??=':
    case '&&=':
      return choice([left, right]);
    default:
      return unknown(codeOf(node, context.module), mergeFacts(factsOf(left), factsOf(right)));
  }
}

export function evaluateUpdate(machine: Machine, node: ast.UpdateExpression, context: Context): Value {
  const before = currentValue(machine, node.argument, context);
  const number = knownNumber(before);
  const after =
    number === undefined
      ? plain(codeOf(node, context.module))
      : constant(node.operator === '++' ? number + 1 : number - 1);
  assign(machine, node.argument, after, context);
  return node.prefix ? after : before;
}

/** Assigns to a variable, a member, or each target of a pattern. */
export function assign(machine: Machine, target: PatternTarget, value: Value, context: Context): void {
  destructure(target, value, {
    machine,
    context,
    onTarget: (leaf, part) => assignLeaf(machine, leaf, part, context),
  });
}

function assignLeaf(machine: Machine, target: PatternTarget, value: Value, context: Context): void {
  if (target.type === 'Identifier') {
    const variable = context.scope.find(target.name);
    if (variable) machine.journal.assign(variable, value);
  } else if (target.type === 'MemberExpression') {
    assignMember(machine, target, value, context);
  } else if (target.type === 'TSAsExpression' || target.type === 'TSNonNullExpression') {
    assign(machine, target.expression, value, context);
  }
}

function assignMember(machine: Machine, target: ast.MemberExpression, value: Value, context: Context): void {
  const container = onlyPresent(machine.evaluate(target.object, context));
  const name = memberName(machine, target, context);
  if (container.kind === 'object') assignProperty(machine, container, name, value);
  else if (container.kind === 'class' && name !== undefined) assignStatic(machine, container, name, value);
  else if (container.kind === 'array') assignItem(container, name, value);
}

function assignStatic(machine: Machine, target: ClassValue, name: string, value: Value): void {
  const found = findMethod(machine, target, { name, isStatic: true, isSetter: true });
  if (found) runSetter(machine, found, { target, name, value });
  else target.statics.set(name, value);
}

/** `delete target.name` */
export function deleteMember(machine: Machine, target: ast.MemberExpression, context: Context): void {
  const container = machine.evaluate(target.object, context);
  const name = memberName(machine, target, context);
  if (container.kind === 'class' && name !== undefined) container.statics.set(name, UNDEFINED);
  if (container.kind === 'array') container.isOpen = true;
  if (container.kind !== 'object') return;
  const mayStay = name === undefined || machine.loops.length > 0 || machine.journal.isBranching;
  for (const [key, old] of container.properties)
    if (name === undefined || key === name)
      container.properties.set(key, mayStay ? choice([old, UNDEFINED]) : UNDEFINED);
}

function assignProperty(machine: Machine, target: ObjectValue, name: string | undefined, value: Value): void {
  if (name === undefined) {
    target.isOpen = true;
    target.facts = mergeFacts(target.facts, factsOf(value));
    return;
  }
  if (callSetter(machine, target, name, value)) return;
  const old = target.properties.get(name);
  // The journal does not record properties: inside a branch or a loop, the old value stays possible.
  const mayKeepOld = machine.loops.length > 0 || machine.journal.isBranching;
  target.properties.set(name, mayKeepOld && old ? choice([old, value]) : value);
}

/** @returns whether the object or its class has a setter with this name, which was called */
function callSetter(machine: Machine, target: ObjectValue, name: string, value: Value): boolean {
  const own = target.setters?.get(name);
  if (own) {
    callAccessor(machine, own, [value], { name, expression: name, context: own });
    return true;
  }
  const found = target.class && findMethod(machine, target.class, { name, isSetter: true });
  return found ? runSetter(machine, found, { target, name, value }) : false;
}

interface SetterCall {
  readonly target: Value;
  readonly name: string;
  readonly value: Value;
}

function runSetter(machine: Machine, found: FoundMethod, { target, name, value }: SetterCall): true {
  const { scope, module } = found.home;
  const method = methodValue(found, target);
  callAccessor(machine, method, [value], { name, expression: name, context: { scope, module } });
  return true;
}

/** An array with an item at an unknown position is open. */
function assignItem(target: ArrayValue, name: string | undefined, value: Value): void {
  target.items.push(value);
  const isAppended = name === String(target.items.length - 1);
  if (!isAppended) target.isOpen = true;
}
