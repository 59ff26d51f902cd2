import type * as ast from 'oxc-parser';
import { evaluateAssignment, evaluateUpdate } from './assignments.js';
import { evaluateCall, evaluateNew, evaluateTagged } from './call-expressions.js';
import { makeClass } from './classes.js';
import { type Context, type Machine, codeOf } from './machine.types.js';
import { concatenate, knownText, text } from './text-value.js';
import { equality, truthOf } from './truth.js';
import {
  type Chunk,
  type TextPart,
  type Value,
  UNDEFINED,
  array,
  choice,
  constant,
  factsOf,
  mergeFacts,
  object,
  unknown,
} from './value.js';

type Evaluable = ast.Expression | ast.Argument | ast.Super | ast.PrivateIdentifier;

/** The value of an expression; calls in it are followed on the way. */
export function evaluateExpression(machine: Machine, node: Evaluable, context: Context): Value {
  const { module, scope } = context;
  switch (node.type) {
    case 'Literal':
      return literal(node, context);
    case 'TemplateLiteral':
      return template(machine, node, context);
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
      return node.argument ? machine.evaluate(node.argument, context) : UNDEFINED;
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

function literal(node: Extract<ast.Expression, { type: 'Literal' }>, { module }: Context): Value {
  if (typeof node.value === 'string')
    // The quotes are not part of the content.
    return text(node.value, { source: module.source, start: node.start + 1, end: node.end - 1 });
  return constant(node.value);
}

function template(machine: Machine, node: ast.TemplateLiteral, context: Context): Value {
  return templateText(machine, node, context);
}

export function templateText(machine: Machine, node: ast.TemplateLiteral, context: Context): Value {
  const pieces: { readonly value: Value; readonly expression: string }[] = [];
  node.quasis.forEach((quasi, index) => {
    const content = quasi.value.cooked ?? quasi.value.raw;
    const [start, end] = quasiRange(quasi, context);
    const chunk: Chunk = { text: content, site: { source: context.module.source, start, end } };
    const parts: TextPart[] = content === '' ? [] : [chunk];
    pieces.push({ value: { kind: 'text', parts }, expression: '' });
    const expression = node.expressions[index];
    if (expression)
      pieces.push({
        value: machine.evaluate(expression, context),
        expression: codeOf(expression, context.module),
      });
  });
  return concatenate(pieces);
}

/** Parsers differ in whether a quasi's span holds its delimiters; the source tells. */
function quasiRange(quasi: ast.TemplateElement, { module }: Context): readonly [number, number] {
  const { raw } = quasi.value;
  const { text: source } = module.source;
  for (const start of [quasi.start, quasi.start + 1])
    if (source.startsWith(raw, start)) return [start, start + raw.length];
  return [quasi.start, quasi.end];
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

function arrayLiteral(machine: Machine, node: ast.ArrayExpression, context: Context): Value {
  const result = array([]);
  for (const element of node.elements) {
    if (element === null) {
      result.items.push(UNDEFINED);
    } else if (element.type === 'SpreadElement') {
      const spread = machine.evaluate(element.argument, context);
      if (spread.kind === 'array') {
        result.items.push(...spread.items);
        result.open ||= spread.open;
      } else {
        result.items.push(unknown(codeOf(element.argument, context.module), factsOf(spread)));
        result.open = true;
      }
    } else {
      result.items.push(machine.evaluate(element, context));
    }
  }
  return result;
}

function objectLiteral(machine: Machine, node: ast.ObjectExpression, context: Context): Value {
  const result = object();
  for (const property of node.properties) {
    if (property.type === 'SpreadElement') {
      const spread = machine.evaluate(property.argument, context);
      if (spread.kind === 'object') {
        for (const [name, value] of spread.properties) result.properties.set(name, value);
        result.open ||= spread.open;
      } else {
        result.open = true;
      }
      result.facts = mergeFacts(result.facts, factsOf(spread));
      continue;
    }
    const name = propertyName(machine, property.key, property.computed, context);
    const value = machine.evaluate(property.value, context);
    const bound =
      value.kind === 'function' && value.node.type !== 'ArrowFunctionExpression'
        ? { ...value, self: result }
        : value;
    if (name === undefined) result.open = true;
    else result.properties.set(name, bound);
  }
  return result;
}

export function propertyName(
  machine: Machine,
  key: ast.PropertyKey,
  computed: boolean,
  context: Context,
): string | undefined {
  if (!computed && key.type === 'Identifier') return key.name;
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  const value = machine.evaluate(key, context);
  if (value.kind === 'constant') return String(value.value);
  return knownText(value);
}

function memberExpression(machine: Machine, node: ast.MemberExpression, context: Context): Value {
  const target = machine.evaluate(node.object, context);
  const name = memberName(machine, node, context);
  const expression = codeOf(node, context.module);
  if (name === undefined) return elementOf(target, expression);
  return machine.member(target, name, expression, context);
}

/** The name behind `.` or in `[…]`, when it is known. */
export function memberName(
  machine: Machine,
  node: ast.MemberExpression,
  context: Context,
): string | undefined {
  if (!node.computed)
    return node.property.type === 'PrivateIdentifier' ? `#${node.property.name}` : node.property.name;
  return propertyName(machine, node.property, true, context);
}

/** `container[key]` with a key that is not known. */
function elementOf(target: Value, expression: string): Value {
  if (target.kind === 'array' && target.items.length > 0 && !target.open) return choice(target.items);
  if (target.kind === 'object' && !target.open && target.properties.size > 0)
    return choice([...target.properties.values()]);
  return unknown(expression, factsOf(target));
}

function binary(machine: Machine, node: ast.BinaryExpression, context: Context): Value {
  const left = machine.evaluate(node.left, context);
  const right = machine.evaluate(node.right, context);
  const expression = codeOf(node, context.module);
  switch (node.operator) {
    case '+':
      if (
        left.kind === 'constant' &&
        right.kind === 'constant' &&
        typeof left.value === 'number' &&
        typeof right.value === 'number'
      )
        return constant(left.value + right.value);
      if (isTextual(left) || isTextual(right))
        return concatenate([
          { value: left, expression: codeOf(node.left, context.module) },
          { value: right, expression: codeOf(node.right, context.module) },
        ]);
      return unknown(expression, mergeFacts(factsOf(left), factsOf(right)));
    case '===':
    case '==': {
      const equal = equality(left, right);
      return equal === undefined ? unknown(expression) : constant(equal);
    }
    case '!==':
    case '!=': {
      const equal = equality(left, right);
      return equal === undefined ? unknown(expression) : constant(!equal);
    }
    case '<':
    case '>':
    case '<=':
    case '>=':
    case '-':
    case '*':
    case '/':
    case '%':
      return arithmetic(node.operator, left, right) ?? unknown(expression);
    case 'instanceof': {
      const driver = node.right.type === 'Identifier' ? /^(.+)Driver$/.exec(node.right.name)?.[1] : undefined;
      const equal = driver === undefined ? undefined : equality(text('postgres'), text(driver.toLowerCase()));
      return equal === undefined ? unknown(expression) : constant(equal);
    }
    default:
      return unknown(expression, mergeFacts(factsOf(left), factsOf(right)));
  }
}

function isTextual(value: Value): boolean {
  return value.kind === 'text' || (value.kind === 'choice' && value.options.some(isTextual));
}

function arithmetic(operator: string, left: Value, right: Value): Value | undefined {
  if (left.kind !== 'constant' || right.kind !== 'constant') return undefined;
  const [a, b] = [left.value, right.value];
  if (typeof a !== 'number' || typeof b !== 'number') return undefined;
  switch (operator) {
    case '<':
      return constant(a < b);
    case '>':
      return constant(a > b);
    case '<=':
      return constant(a <= b);
    case '>=':
      return constant(a >= b);
    case '-':
      return constant(a - b);
    case '*':
      return constant(a * b);
    case '/':
      return constant(a / b);
    default:
      return constant(a % b);
  }
}

function logical(machine: Machine, node: ast.LogicalExpression, context: Context): Value {
  const left = machine.evaluate(node.left, context);
  const truth = node.operator === '??' ? presence(left) : truthOf(left);
  const takesRight = node.operator === '&&' ? truth : truth === undefined ? undefined : !truth;
  if (takesRight === false) return left;
  if (takesRight === true) return machine.evaluate(node.right, context);
  let right: Value = UNDEFINED;
  machine.journal.branch(
    [() => (right = machine.evaluate(node.right, context))],
    () => true,
    () => true,
  );
  return choice([left, right]);
}

/** Is it neither null nor undefined? */
function presence(value: Value): boolean | undefined {
  if (value.kind === 'constant') return value.value !== null && value.value !== undefined;
  return value.kind === 'unknown' || value.kind === 'choice' ? undefined : true;
}

function conditional(machine: Machine, node: ast.ConditionalExpression, context: Context): Value {
  const truth = truthOf(machine.evaluate(node.test, context));
  if (truth === true) return machine.evaluate(node.consequent, context);
  if (truth === false) return machine.evaluate(node.alternate, context);
  const arms = machine.journal.branch(
    [() => machine.evaluate(node.consequent, context), () => machine.evaluate(node.alternate, context)],
    () => false,
    () => true,
  );
  return choice(arms);
}

function unary(machine: Machine, node: ast.UnaryExpression, context: Context): Value {
  const argument = machine.evaluate(node.argument, context);
  switch (node.operator) {
    case '!': {
      const truth = truthOf(argument);
      return truth === undefined ? unknown(codeOf(node, context.module)) : constant(!truth);
    }
    case '-':
      return argument.kind === 'constant' && typeof argument.value === 'number'
        ? constant(-argument.value)
        : unknown(codeOf(node, context.module));
    case 'void':
      return UNDEFINED;
    default:
      return unknown(codeOf(node, context.module), factsOf(argument));
  }
}

function dynamicImport(machine: Machine, node: ast.ImportExpression, context: Context): Value {
  const specifier = knownText(machine.evaluate(node.source, context));
  if (specifier === undefined)
    return unknown(codeOf(node, context.module), { module: codeOf(node.source, context.module) });
  return machine.import(specifier, '*', context.module);
}
