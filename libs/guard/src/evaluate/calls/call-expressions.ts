import type * as ast from 'oxc-parser';
import { templateText } from '../expressions/literals.js';
import { iterated } from '../expressions/iterators.js';
import { elementOf } from '../expressions/members.js';
import { mayBeSkipped } from '../expressions/optional-chains.js';
import { memberName } from '../expressions/property-names.js';
import type { Call, CallSite, Context, Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { factsOf } from '../values/facts.js';
import { UNDEFINED, array, choice, optionsOf, unknown } from '../values/value.js';
import type { Facts, FunctionValue, Value } from '../values/value.types.js';
import { callMethod } from './method-calls.js';
import { callHelper } from './helper-calls.js';

export function evaluateCall(machine: Machine, node: ast.CallExpression, context: Context): Value {
  machine.countStep();
  const callee = withoutWrappers(node.callee);
  const site: CallSite = { node, context, callee: codeOf(callee, context.module) };
  if (callee.type === 'MemberExpression') return evaluateMethodCall(machine, callee, node, site);
  const value = machine.evaluate(callee, context);
  const call: Call = { machine, args: evaluateArguments(machine, node.arguments, context), site };
  if (callee.type === 'Identifier' && machine.options.dmlHelpers.has(callee.name))
    return callHelper(callee.name, call);
  return callCompiledAsync(callee, call) ?? machine.call(value, call.args, site);
}

function evaluateMethodCall(
  machine: Machine,
  callee: ast.MemberExpression,
  node: ast.CallExpression,
  site: CallSite,
): Value {
  const { context } = site;
  const target = machine.evaluate(callee.object, context);
  const name = memberName(machine, callee, context);
  const call: Call = { machine, args: evaluateArguments(machine, node.arguments, context), site };
  const result = callCompiledAsync(callee, call);
  if (result) return result;
  const run = (): Value =>
    name === undefined ? callUnknownMember(target, call) : callMethod(target, name, call);
  if (!mayBeSkipped(callee, target)) return run();
  let called: Value = UNDEFINED;
  machine.journal.maybe(() => {
    called = run();
  });
  return choice([called, UNDEFINED]);
}

const WRAPPERS = new Set<ast.Expression['type']>([
  'ChainExpression',
  'TSNonNullExpression',
  'TSAsExpression',
  'TSSatisfiesExpression',
  'TSTypeAssertion',
  'TSInstantiationExpression',
]);

/** `(a as B)!.c` is `a.c`. */
function withoutWrappers(node: ast.Expression): ast.Expression {
  return WRAPPERS.has(node.type) && 'expression' in node
    ? withoutWrappers(node.expression as ast.Expression)
    : node;
}

export function evaluateArguments(
  machine: Machine,
  nodes: readonly ast.Argument[],
  context: Context,
): readonly Value[] {
  return nodes.flatMap((node): readonly Value[] => {
    const evaluated = machine.evaluate(node, context);
    if (node.type !== 'SpreadElement') return [evaluated];
    const value = iterated(machine, evaluated, { node, context });
    return value.kind === 'array' && !value.isOpen
      ? value.items
      : [{ ...unknown(codeOf(node.argument, context.module), factsOf(value)), isSpread: true }];
  });
}

/**
 * `__awaiter(this, void 0, void 0, function* () { … })`: an async function in code compiled for old targets.
 */
function callCompiledAsync(callee: ast.Expression, { machine, args, site }: Call): Value | undefined {
  if (functionName(callee) !== '__awaiter') return undefined;
  const [owner] = args;
  const body = args.findLast((arg): arg is FunctionValue => arg.kind === 'function');
  if (!body) return undefined;
  const hasOwner = owner?.kind === 'object' || owner?.kind === 'class';
  const thisValue = hasOwner ? { thisValue: owner } : {};
  return machine.invoke({ ...body, ...thisValue, isAsync: true }, [], site);
}

function functionName(callee: ast.Expression): string | undefined {
  if (callee.type === 'Identifier') return callee.name;
  return callee.type === 'MemberExpression' && !callee.computed ? callee.property.name : undefined;
}

/** `target[name]()` with an unknown name: a call of any function of the target. */
function callUnknownMember(target: Value, { machine, args, site }: Call): Value {
  if (target.kind === 'database' || (target.kind === 'object' && target.class)) {
    machine.emit({ kind: 'undecided', reason: 'helper', expression: site.callee }, site);
    return unknown(`${site.callee}()`, { rows: true });
  }
  return machine.call(elementOf(target, site.callee), args, site);
}

export function evaluateNew(machine: Machine, node: ast.NewExpression, context: Context): Value {
  machine.countStep();
  const site: CallSite = { node, context, callee: codeOf(node.callee, context.module) };
  const callee = machine.evaluate(node.callee, context);
  return machine.construct(callee, evaluateArguments(machine, node.arguments, context), site);
}

/**
 * A tag such as `sql` or `dedent` yields its text. A tag on a database handle sends the text, and so may an
 * unknown tag with a result that is only awaited.
 */
export function evaluateTagged(
  machine: Machine,
  node: ast.TaggedTemplateExpression,
  context: Context,
): Value {
  machine.countStep();
  const site: CallSite = { node, context, callee: codeOf(node.tag, context.module) };
  const content = templateText(machine, node.quasi, context);
  const tag = withoutWrappers(node.tag);
  if (tag.type === 'MemberExpression') {
    const target = machine.evaluate(tag.object, context);
    const name = memberName(machine, tag, context);
    if (target.kind === 'database' && name !== undefined)
      return callMethod(target, name, { machine, args: [content], site });
  }
  const value = machine.evaluate(tag, context);
  if (value.kind === 'function') machine.call(value, [array([content])], site);
  const isUnknown = optionsOf(value).some((option) => option.kind === 'unknown' && mayReach(option.facts));
  return isUnknown && machine.acting.has(node) ? machine.call(value, [content], site) : content;
}

function mayReach({ opaque, database }: Facts): boolean {
  return Boolean(opaque) || Boolean(database);
}
