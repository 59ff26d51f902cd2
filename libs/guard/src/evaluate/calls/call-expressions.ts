import type * as ast from 'oxc-parser';
import { truthOfName } from '../values/driver-names.js';
import { callDatabase } from '../typeorm/database-calls.js';
import { callEntity } from '../typeorm/entity-calls.js';
import { elementOf } from '../expressions/members.js';
import { memberName, templateText } from '../expressions/literals.js';
import { type CallSite, type Context, type Machine, codeOf } from '../machine/machine.types.js';
import { callHelper, callUnknown } from './unknown-calls.js';
import {
  type FunctionValue,
  type Value,
  array,
  choice,
  constant,
  factsOf,
  unknown,
} from '../values/value.js';

export function evaluateCall(machine: Machine, node: ast.CallExpression, context: Context): Value {
  machine.tick();
  const callee = unwrap(node.callee);
  const site: CallSite = { node, context, callee: codeOf(callee, context.module) };
  if (callee.type === 'MemberExpression') {
    const target = machine.evaluate(callee.object, context);
    const name = memberName(machine, callee, context);
    const args = evaluateArguments(machine, node.arguments, context);
    const compiled = compiledAsync(machine, callee, args, site);
    if (compiled) return compiled;
    if (name === undefined) return callComputed(machine, target, args, site);
    return callMethod(machine, target, name, args, site);
  }
  const database =
    callee.type === 'Identifier' && node.arguments.length <= 1 ? truthOfName(callee.name) : undefined;
  if (database !== undefined) return constant(database);
  const value = machine.evaluate(callee, context);
  const args = evaluateArguments(machine, node.arguments, context);
  if (callee.type === 'Identifier' && machine.options.dmlHelpers.has(callee.name))
    return callHelper(machine, callee.name, args, site);
  return compiledAsync(machine, callee, args, site) ?? machine.call(value, args, site);
}

/** `(a as B)!.c` is `a.c`. */
function unwrap(node: ast.Expression): ast.Expression {
  switch (node.type) {
    case 'ChainExpression':
    case 'TSNonNullExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSTypeAssertion':
    case 'TSInstantiationExpression':
    case 'ParenthesizedExpression':
      return unwrap(node.expression);
    default:
      return node;
  }
}

function evaluateArguments(
  machine: Machine,
  nodes: readonly ast.Argument[],
  context: Context,
): readonly Value[] {
  return nodes.flatMap((node): readonly Value[] => {
    const value = machine.evaluate(node, context);
    if (node.type !== 'SpreadElement') return [value];
    return value.kind === 'array' && !value.open
      ? value.items
      : [{ ...unknown(codeOf(node.argument, context.module), factsOf(value)), many: true }];
  });
}

/** `__awaiter(this, void 0, void 0, function* () { … })`: an async function as compilers write it for old targets. */
function compiledAsync(
  machine: Machine,
  callee: ast.Expression,
  args: readonly Value[],
  site: CallSite,
): Value | undefined {
  const name =
    callee.type === 'Identifier'
      ? callee.name
      : callee.type === 'MemberExpression' && !callee.computed
        ? callee.property.name
        : '';
  if (name !== '__awaiter') return undefined;
  const [self] = args;
  const body = args.findLast((arg): arg is FunctionValue => arg.kind === 'function');
  if (!body) return undefined;
  const isOwner = self?.kind === 'object' || self?.kind === 'class';
  return machine.invoke({ ...body, ...(isOwner ? { self } : {}), isAsync: true }, [], site);
}

/** `target[name]()` with a name that is not known: any of its functions. */
function callComputed(machine: Machine, target: Value, args: readonly Value[], site: CallSite): Value {
  if (target.kind === 'database' || (target.kind === 'object' && target.class)) {
    machine.emit({ kind: 'undecided', reason: 'helper', expression: site.callee }, site);
    return unknown(site.callee, { rows: true });
  }
  return machine.call(elementOf(target, site.callee), args, site);
}

export function callMethod(
  machine: Machine,
  target: Value,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value {
  if (machine.options.dmlHelpers.has(name)) return callHelper(machine, name, args, site);
  switch (target.kind) {
    case 'choice': {
      const results = machine.journal.branch(
        target.options.map((option) => () => callMethod(machine, option, name, args, site)),
        () => false,
        () => true,
      );
      return choice(results);
    }
    case 'database':
      return callDatabase(machine, target, name, args, site);
    case 'class':
    case 'object': {
      const member = machine.member(target, name, site.callee, site.context);
      if (member.kind === 'unknown' || (member.kind === 'constant' && member.value === undefined)) {
        const called = callEntity(machine, target, name, args, site);
        if (called) return called;
        return callUnknown(
          machine,
          { name, expression: site.callee, receiver: target, facts: factsOf(member) },
          args,
          site,
        );
      }
      return machine.call(member, args, site);
    }
    case 'unknown': {
      const member = machine.member(target, name, site.callee, site.context);
      if (member.kind !== 'unknown') return machine.call(member, args, site);
      const called = callEntity(machine, target, name, args, site);
      if (called) return called;
      return callUnknown(
        machine,
        { name, expression: site.callee, receiver: target, facts: member.facts },
        args,
        site,
      );
    }
    default:
      return machine.call(machine.member(target, name, site.callee, site.context), args, site);
  }
}

export function evaluateNew(machine: Machine, node: ast.NewExpression, context: Context): Value {
  machine.tick();
  const site: CallSite = { node, context, callee: codeOf(node.callee, context.module) };
  const callee = machine.evaluate(node.callee, context);
  return machine.construct(callee, evaluateArguments(machine, node.arguments, context), site);
}

/** A tag such as `sql` or `dedent` yields its text; a tag on a database handle sends it. */
export function evaluateTagged(
  machine: Machine,
  node: ast.TaggedTemplateExpression,
  context: Context,
): Value {
  machine.tick();
  const site: CallSite = { node, context, callee: codeOf(node.tag, context.module) };
  const content = templateText(machine, node.quasi, context);
  const tag = unwrap(node.tag);
  if (tag.type === 'MemberExpression') {
    const target = machine.evaluate(tag.object, context);
    const name = memberName(machine, tag, context);
    if (target.kind === 'database' && name !== undefined)
      return callDatabase(machine, target, name, [content], site);
  }
  const value = machine.evaluate(tag, context);
  if (value.kind === 'function' || value.kind === 'unknown') {
    const strings = array([content]);
    if (value.kind === 'function') machine.call(value, [strings], site);
  }
  return content;
}
