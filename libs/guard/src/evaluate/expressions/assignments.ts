import type * as ast from 'oxc-parser';
import { findMethod, methodValue } from '../classes/classes.js';
import { callAccessor } from './members.js';
import { type Context, type Machine, codeOf } from '../machine/machine.types.js';
import { concatenate } from '../values/text-value.js';
import {
  type ObjectValue,
  type Value,
  choice,
  constant,
  factsOf,
  mergeFacts,
  unknown,
} from '../values/value.js';

export function evaluateAssignment(
  machine: Machine,
  node: ast.AssignmentExpression,
  context: Context,
): Value {
  const right = machine.evaluate(node.right, context);
  const { left, operator } = node;
  if (operator === '=') {
    assign(machine, left, right, context);
    return right;
  }
  const before =
    left.type === 'Identifier' || left.type === 'MemberExpression'
      ? machine.evaluate(left, context)
      : unknown('');
  const after = combine(operator, before, right, node, context);
  assign(machine, left, after, context);
  return after;
}

function combine(
  operator: string,
  before: Value,
  right: Value,
  node: ast.AssignmentExpression,
  { module }: Context,
): Value {
  switch (operator) {
    case '+=':
      if (
        before.kind === 'constant' &&
        right.kind === 'constant' &&
        typeof before.value === 'number' &&
        typeof right.value === 'number'
      )
        return constant(before.value + right.value);
      return concatenate([
        { value: before, expression: codeOf(node.left, module) },
        { value: right, expression: codeOf(node.right, module) },
      ]);
    case '||=':
    case '??=':
    case '&&=':
      return choice([before, right]);
    default:
      return unknown(codeOf(node, module), mergeFacts(factsOf(before), factsOf(right)));
  }
}

export function evaluateUpdate(machine: Machine, node: ast.UpdateExpression, context: Context): Value {
  const target = node.argument;
  const before =
    target.type === 'Identifier' || target.type === 'MemberExpression'
      ? machine.evaluate(target, context)
      : unknown('');
  const step = node.operator === '++' ? 1 : -1;
  const after =
    before.kind === 'constant' && typeof before.value === 'number'
      ? constant(before.value + step)
      : unknown(codeOf(node, context.module));
  assign(machine, target, after, context);
  return node.prefix ? after : before;
}

type Target =
  | ast.AssignmentTarget
  | ast.SimpleAssignmentTarget
  | ast.AssignmentTargetMaybeDefault
  | ast.Expression
  | ast.ForStatementLeft;

export function assign(machine: Machine, target: Target, value: Value, context: Context): void {
  switch (target.type) {
    case 'Identifier': {
      const cell = context.scope.find(target.name);
      if (cell) machine.journal.assign(cell, value);
      return;
    }
    case 'MemberExpression':
      assignMember(machine, target, value, context);
      return;
    case 'AssignmentPattern':
      assign(machine, target.left, value, context);
      return;
    case 'ArrayPattern':
      target.elements.forEach((element, index) => {
        if (!element) return;
        if (element.type === 'RestElement')
          assign(machine, element.argument, unknown('', factsOf(value)), context);
        else
          assign(
            machine,
            element,
            machine.member(value, String(index), codeOf(element, context.module), context),
            context,
          );
      });
      return;
    case 'ObjectPattern':
      for (const property of target.properties) {
        if (property.type === 'RestElement') continue;
        const name = property.key.type === 'Identifier' ? property.key.name : undefined;
        const part =
          name === undefined ? unknown('', factsOf(value)) : machine.member(value, name, name, context);
        assign(machine, property.value, part, context);
      }
      return;
    case 'TSAsExpression':
    case 'TSNonNullExpression':
    case 'TSSatisfiesExpression':
    case 'TSTypeAssertion':
      assign(machine, target.expression, value, context);
      return;
    default:
  }
}

function assignMember(machine: Machine, target: ast.MemberExpression, value: Value, context: Context): void {
  const container = machine.evaluate(target.object, context);
  const name = target.computed
    ? nameFrom(machine.evaluate(target.property, context))
    : target.property.type === 'PrivateIdentifier'
      ? `#${target.property.name}`
      : target.property.name;
  if (container.kind === 'object') {
    if (name === undefined) {
      container.open = true;
      container.facts = mergeFacts(container.facts, factsOf(value));
    } else if (!assignBySetter(machine, container, name, value)) {
      const old = container.properties.get(name);
      // Inside a branch or loop the old value may still stand; keeping both is the safe reading.
      container.properties.set(
        name,
        (machine.loops.length > 0 || machine.journal.isBranching) && old ? choice([old, value]) : value,
      );
    }
  } else if (container.kind === 'class' && name !== undefined) {
    container.statics.set(name, value);
  } else if (container.kind === 'array') {
    const index = name === undefined ? Number.NaN : Number(name);
    if (Number.isInteger(index) && index <= container.items.length && index >= 0)
      container.items[index] = value;
    else {
      container.items.push(value);
      container.open = true;
    }
  }
}

/** @returns whether the object's class has a `set` of that name, which was called */
function assignBySetter(machine: Machine, target: ObjectValue, name: string, value: Value): boolean {
  const found = target.class && findMethod(machine, target.class, name, false, true);
  if (!found) return false;
  const { scope, module } = found.home;
  callAccessor(machine, methodValue(found, target), [value], name, { scope, module });
  return true;
}

function nameFrom(value: Value): string | undefined {
  if (value.kind === 'constant') return String(value.value);
  if (value.kind !== 'text' || value.parts.length !== 1) return undefined;
  const [part] = value.parts;
  return part && 'text' in part ? part.text : undefined;
}
