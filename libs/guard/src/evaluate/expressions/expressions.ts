import type * as ast from 'oxc-parser';
import { evaluateAssignment, evaluateUpdate } from './assignments.js';
import { evaluateCall, evaluateNew, evaluateTagged } from '../calls/call-expressions.js';
import { makeClass } from '../classes/classes.js';
import { arrayLiteral, literal, memberName, objectLiteral, templateText } from './literals.js';
import { binary, conditional, logical, unary } from './operators.js';
import { type Context, type Machine, codeOf } from '../machine/machine.types.js';
import { elementOf } from './members.js';
import { knownText } from '../values/text-value.js';
import { type Value, UNDEFINED, array, factsOf, unknown } from '../values/value.js';

type Evaluable = ast.Expression | ast.Argument | ast.Super | ast.PrivateIdentifier;

/** The value of an expression; calls in it are followed on the way. */
export function evaluateExpression(machine: Machine, node: Evaluable, context: Context): Value {
  const { module, scope } = context;
  switch (node.type) {
    case 'Literal':
      return literal(node, context);
    case 'TemplateLiteral':
      return templateText(machine, node, context);
    case 'Identifier':
      return identifier(node, context);
    case 'ThisExpression':
      return scope.thisValue() ?? unknown('this');
    case 'ArrayExpression':
      return arrayLiteral(machine, node, context);
    case 'ObjectExpression':
      return objectLiteral(machine, node, context);
    case 'ArrowFunctionExpression': {
      const self = scope.thisValue();
      const base = { kind: 'function', node, scope, module, name: '' } as const;
      return self ? { ...base, self } : base;
    }
    case 'FunctionExpression':
    case 'FunctionDeclaration':
      return { kind: 'function', node, scope, module, name: node.id?.name ?? '' };
    case 'ClassExpression':
    case 'ClassDeclaration':
      return makeClass(node, context);
    case 'CallExpression':
      return evaluateCall(machine, node, context);
    case 'NewExpression':
      return evaluateNew(machine, node, context);
    case 'TaggedTemplateExpression':
      return evaluateTagged(machine, node, context);
    case 'MemberExpression':
      return memberExpression(machine, node, context);
    case 'AssignmentExpression':
      return evaluateAssignment(machine, node, context);
    case 'UpdateExpression':
      return evaluateUpdate(machine, node, context);
    case 'BinaryExpression':
      return binary(machine, node as ast.BinaryExpression, context);
    case 'LogicalExpression':
      return logical(machine, node, context);
    case 'ConditionalExpression':
      return conditional(machine, node, context);
    case 'UnaryExpression':
      return unary(machine, node, context);
    case 'SequenceExpression': {
      let last: Value = UNDEFINED;
      for (const expression of node.expressions) last = machine.evaluate(expression, context);
      return last;
    }
    case 'AwaitExpression':
      if (node.argument.type === 'CallExpression') machine.awaited.add(node.argument);
      return machine.evaluate(node.argument, context);
    case 'YieldExpression':
      return evaluateYield(machine, node, context);
    case 'SpreadElement':
      return machine.evaluate(node.argument, context);
    case 'ParenthesizedExpression':
    case 'ChainExpression':
    case 'TSAsExpression':
    case 'TSSatisfiesExpression':
    case 'TSTypeAssertion':
    case 'TSNonNullExpression':
    case 'TSInstantiationExpression':
      return machine.evaluate(node.expression, context);
    case 'ImportExpression':
      return dynamicImport(machine, node, context);
    case 'MetaProperty':
      return { kind: 'native', name: 'import.meta' };
    case 'Super':
      return { kind: 'native', name: 'super', self: scope.thisValue() ?? UNDEFINED };
    default:
      return unknown(codeOf(node, module));
  }
}

/** What a generator yields is what it is a list of; more than once in a loop whose length is not known. */
function evaluateYield(machine: Machine, node: ast.YieldExpression, context: Context): Value {
  const value = node.argument ? machine.evaluate(node.argument, context) : UNDEFINED;
  const frame = machine.frames.at(-1);
  if (!frame) return value;
  const { yields } = frame;
  if (machine.loops.slice(frame.loops).some((loop) => loop !== 'values')) yields.open = true;
  if (!node.delegate) yields.items.push(value);
  else if (value.kind === 'array') {
    yields.items.push(...value.items);
    yields.open ||= value.open;
  } else {
    yields.items.push(unknown(codeOf(node, context.module), factsOf(value)));
    yields.open = true;
  }
  return value;
}

function identifier(node: ast.IdentifierReference, context: Context): Value {
  const { name } = node;
  if (name === 'undefined') return UNDEFINED;
  const cell = context.scope.find(name);
  if (cell) {
    if (cell.value === undefined) {
      const { compute } = cell;
      // A definition in terms of itself ends here.
      cell.compute = undefined;
      cell.value = unknown(name);
      if (compute) cell.value = compute();
    }
    const { value } = cell;
    return value.kind === 'unknown' && value.expression === '' ? { ...value, expression: name } : value;
  }
  if (name === 'arguments') return array([], true);
  return { kind: 'native', name };
}

function memberExpression(machine: Machine, node: ast.MemberExpression, context: Context): Value {
  const target = machine.evaluate(node.object, context);
  const name = memberName(machine, node, context);
  const expression = codeOf(node, context.module);
  if (name === undefined) return elementOf(target, expression);
  return machine.member(target, name, expression, context);
}

function dynamicImport(machine: Machine, node: ast.ImportExpression, context: Context): Value {
  const specifier = knownText(machine.evaluate(node.source, context));
  if (specifier === undefined)
    return unknown(codeOf(node, context.module), { module: codeOf(node.source, context.module) });
  return machine.import(specifier, '*', context.module);
}
