import type * as ast from 'oxc-parser';
import { evaluateCall, evaluateNew, evaluateTagged } from '../calls/call-expressions.js';
import { typeName } from '../classes/annotations.js';
import { makeClass } from '../classes/classes.js';
import { markAwaited, markUnused } from '../machine/acting-calls.js';
import type { Context, Evaluable, Machine } from '../machine/machine.types.js';
import { codeOf, impliedCall } from '../machine/source-code.js';
import { freeze } from '../modules/shared-objects.js';
import { factsOf } from '../values/facts.js';
import { isPlatform } from '../values/platform-names.js';
import { knownText } from '../values/text-value.js';
import { UNDEFINED, choice, constant, plain, unknown } from '../values/value.js';
import type { FunctionValue, NativeValue, Value } from '../values/value.types.js';
import { deleteMember, evaluateAssignment, evaluateUpdate } from './assignments.js';
import { iterated } from './iterators.js';
import { arrayLiteral, literal, objectLiteral, templateText } from './literals.js';
import { elementOf } from './members.js';
import { binary, conditional, logical, unary } from './operators.js';
import { mayBeSkipped } from './optional-chains.js';
import { memberName } from './property-names.js';

type NodeOf<Node, Type> = Node extends { readonly type: infer T } ? (Type extends T ? Node : never) : never;

type Models = {
  readonly [Type in Evaluable['type']]?: (
    machine: Machine,
    node: NodeOf<Evaluable, Type>,
    context: Context,
  ) => Value;
};

type Model = (machine: Machine, node: Evaluable, context: Context) => Value;

const MODELS: Models = {
  Literal: (_machine, node, context) => literal(node, context),
  TemplateLiteral: templateText,
  Identifier: (_machine, node, context) => identifier(node, context),
  ThisExpression: (_machine, _node, { scope }) => scope.thisValue() ?? unknown('this'),
  ArrayExpression: arrayLiteral,
  ObjectExpression: objectLiteral,
  ArrowFunctionExpression: (_machine, node, context) => arrowFunction(node, context),
  FunctionExpression: (_machine, node, context) => functionOf(node, context),
  FunctionDeclaration: (_machine, node, context) => functionOf(node, context),
  ClassExpression: (_machine, node, context) => makeClass(node, context),
  ClassDeclaration: (_machine, node, context) => makeClass(node, context),
  CallExpression: evaluateCall,
  NewExpression: evaluateNew,
  TaggedTemplateExpression: evaluateTagged,
  MemberExpression: memberExpression,
  AssignmentExpression: evaluateAssignment,
  UpdateExpression: evaluateUpdate,
  BinaryExpression: (machine, node, context) => binary(machine, node as ast.BinaryExpression, context),
  LogicalExpression: logical,
  ConditionalExpression: conditional,
  UnaryExpression: (machine, node, context) =>
    node.operator === 'delete' ? deleted(machine, node.argument, context) : unary(machine, node, context),
  SequenceExpression: sequence,
  AwaitExpression: awaited,
  YieldExpression: evaluateYield,
  SpreadElement: (machine, node, context) => machine.evaluate(node.argument, context),
  ChainExpression: inner,
  TSAsExpression: asType,
  TSSatisfiesExpression: inner,
  TSTypeAssertion: inner,
  TSNonNullExpression: inner,
  TSInstantiationExpression: inner,
  ImportExpression: dynamicImport,
  MetaProperty: () => ({ kind: 'native', name: 'import.meta' }),
  Super: (_machine, _node, context) => superReference(context),
};

/** The value of an expression. The calls in it are followed. */
export function evaluateExpression(machine: Machine, node: Evaluable, context: Context): Value {
  const model = MODELS[node.type] as Model | undefined;
  return model ? model(machine, node, context) : unknown(codeOf(node, context.module));
}

/** `… as const` cannot be changed. */
function asType(machine: Machine, node: ast.TSAsExpression, context: Context): Value {
  const value = machine.evaluate(node.expression, context);
  const type = node.typeAnnotation;
  const isConst = type.type === 'TSTypeReference' && typeName(type.typeName) === 'const';
  return isConst ? freeze(value) : value;
}

function inner(machine: Machine, node: { readonly expression: ast.Expression }, context: Context): Value {
  return machine.evaluate(node.expression, context);
}

function identifier({ name }: ast.IdentifierReference, { scope }: Context): Value {
  if (name === 'undefined') return UNDEFINED;
  const variable = scope.find(name);
  if (!variable) return isPlatform(name) ? { kind: 'native', name } : unknown(name);
  if (variable.value === undefined) {
    const { compute } = variable;
    // Without this, a variable that is defined in terms of itself would be computed forever.
    variable.compute = undefined;
    variable.value = unknown(name);
    if (compute) variable.value = compute();
  }
  const { value } = variable;
  return value.kind === 'unknown' && value.expression === '' ? { ...value, expression: name } : value;
}

function arrowFunction(node: ast.ArrowFunctionExpression, { scope, module }: Context): FunctionValue {
  const thisValue = scope.thisValue();
  const value: FunctionValue = { kind: 'function', node, scope, module, name: '' };
  return thisValue ? { ...value, thisValue } : value;
}

function functionOf(node: ast.Function, { scope, module }: Context): FunctionValue {
  return { kind: 'function', node, scope, module, name: node.id?.name ?? '' };
}

function memberExpression(machine: Machine, node: ast.MemberExpression, context: Context): Value {
  const target = machine.evaluate(node.object, context);
  const name = memberName(machine, node, context);
  const expression = codeOf(node, context.module);
  if (name === undefined) return elementOf(target, expression);
  const member = machine.member(target, { name, expression, context });
  return mayBeSkipped(node, target) ? choice([member, UNDEFINED]) : member;
}

function deleted(machine: Machine, argument: ast.Expression, context: Context): Value {
  const target = argument.type === 'ChainExpression' ? argument.expression : argument;
  if (target.type === 'MemberExpression') deleteMember(machine, target, context);
  return constant(true);
}

function sequence(machine: Machine, node: ast.SequenceExpression, context: Context): Value {
  let last: Value = UNDEFINED;
  for (const expression of node.expressions) last = machine.evaluate(expression, context);
  return last;
}

function awaited(machine: Machine, { argument }: ast.AwaitExpression, context: Context): Value {
  markAwaited(machine, argument);
  const value = machine.evaluate(argument, context);
  // `await` calls the method `then` of any object.
  const then = value.kind === 'object' ? value.properties.get('then') : undefined;
  if (then?.kind === 'function') {
    const site = { node: impliedCall(argument), context, callee: 'then' };
    machine.invoke(then, [plain('resolve'), plain('reject')], site);
  }
  return value;
}

/**
 * A generator is a list of the values that it yields. A loop of unknown length makes the list open. A loop may
 * ignore its values, and in compiled code `yield` is `await`.
 */
function evaluateYield(machine: Machine, node: ast.YieldExpression, context: Context): Value {
  if (node.argument) markUnused(machine, node.argument);
  const value = node.argument ? machine.evaluate(node.argument, context) : UNDEFINED;
  const frame = machine.frames.at(-1);
  if (!frame) return value;
  const { yields } = frame;
  if (machine.loops.slice(frame.loops).some((loop) => loop !== 'values')) yields.isOpen = true;
  if (!node.delegate) {
    yields.items.push(value);
    return value;
  }
  const list = iterated(machine, value, { node, context });
  if (list.kind === 'array') {
    yields.items.push(...list.items);
    yields.isOpen ||= list.isOpen;
  } else {
    yields.items.push(unknown(codeOf(node, context.module), factsOf(list)));
    yields.isOpen = true;
  }
  return value;
}

function dynamicImport(machine: Machine, node: ast.ImportExpression, { module, ...context }: Context): Value {
  const specifier = knownText(machine.evaluate(node.source, { ...context, module }));
  if (specifier === undefined) return unknown(codeOf(node, module));
  return machine.import(specifier, '*', module);
}

function superReference({ scope }: Context): NativeValue {
  return { kind: 'native', name: 'super', receiver: scope.thisValue() ?? UNDEFINED };
}
