import type * as ast from 'oxc-parser';
import type { Context, Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { POSTGRES } from '../values/driver-names.js';
import { factsOf, mergeFacts } from '../values/facts.js';
import { concatenate, text } from '../values/text-value.js';
import { equality, isPresent, truthOf } from '../values/truth.js';
import { UNDEFINED, choice, constant, knownNumber, unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';

type Arithmetic = (left: number, right: number) => number | boolean;

const ARITHMETIC: ReadonlyMap<string, Arithmetic> = new Map<string, Arithmetic>([
  ['+', (left, right) => left + right],
  ['<', (left, right) => left < right],
  ['>', (left, right) => left > right],
  ['-', (left, right) => left - right],
  ['*', (left, right) => left * right],
  ['/', (left, right) => left / right],
  ['<=', (left, right) => left <= right],
  ['>=', (left, right) => left >= right],
]);

export function binary(machine: Machine, node: ast.BinaryExpression, context: Context): Value {
  const left = machine.evaluate(node.left, context);
  const right = machine.evaluate(node.right, context);
  const { operator } = node;
  switch (operator) {
    case '+':
      return isText(left) || isText(right) || areNumbers(left, right)
        ? sum({ left, right, node, context })
        : uncertain(node, [left, right], context);
    case '===':
    case '==':
      return known(equality(left, right), node, context);
    case '!==':
    case '!=':
      return known(negated(equality(left, right)), node, context);
    case 'instanceof':
      return known(isDriverClass(node.right), node, context);
    default: {
      if (!ARITHMETIC.has(operator)) return uncertain(node, [left, right], context);
      const result = arithmetic(operator, left, right);
      return result === undefined ? unknown(codeOf(node, context.module)) : constant(result);
    }
  }
}

function uncertain(node: ast.Expression, operands: readonly Value[], { module }: Context): Value {
  return unknown(codeOf(node, module), mergeFacts(...operands.map((operand) => factsOf(operand))));
}

function known(value: boolean | undefined, node: ast.Expression, { module }: Context): Value {
  return value === undefined ? unknown(codeOf(node, module)) : constant(value);
}

function negated(truth: boolean | undefined): boolean | undefined {
  return truth === undefined ? undefined : !truth;
}

function isText(value: Value): boolean {
  return value.kind === 'text' || (value.kind === 'choice' && value.options.some(isText));
}

function areNumbers(left: Value, right: Value): boolean {
  return knownNumber(left) !== undefined && knownNumber(right) !== undefined;
}

interface Sum {
  readonly left: Value;
  readonly right: Value;
  readonly node: { readonly left: ast.Span; readonly right: ast.Span };
  readonly context: Context;
}

/** `left + right`: the sum of two numbers, otherwise a text. */
export function sum({ left, right, node, context }: Sum): Value {
  const result = arithmetic('+', left, right);
  if (result !== undefined) return constant(result);
  return concatenate([
    { value: left, expression: codeOf(node.left, context.module) },
    { value: right, expression: codeOf(node.right, context.module) },
  ]);
}

function arithmetic(operator: string, left: Value, right: Value): number | boolean | undefined {
  const [first, second] = [knownNumber(left), knownNumber(right)];
  if (first === undefined || second === undefined) return undefined;
  return ARITHMETIC.get(operator)?.(first, second);
}

/** `driver instanceof PostgresDriver`: the class name says which database it is. */
function isDriverClass(node: ast.Expression): boolean | undefined {
  const driver = node.type === 'Identifier' ? /^(.+)Driver$/.exec(node.name)?.[1] : undefined;
  return driver === undefined ? undefined : equality(text(POSTGRES), text(driver.toLowerCase()));
}

export function logical(machine: Machine, node: ast.LogicalExpression, context: Context): Value {
  const left = machine.evaluate(node.left, context);
  const truth = node.operator === '??' ? isPresent(left) : truthOf(left);
  const takesRight = node.operator === '&&' ? truth : negated(truth);
  if (takesRight === false) return left;
  if (takesRight === true) return machine.evaluate(node.right, context);
  let right: Value = UNDEFINED;
  machine.journal.maybe(() => (right = machine.evaluate(node.right, context)));
  return choice([left, right]);
}

export function conditional(machine: Machine, node: ast.ConditionalExpression, context: Context): Value {
  const truth = truthOf(machine.evaluate(node.test, context));
  if (truth === true) return machine.evaluate(node.consequent, context);
  if (truth === false) return machine.evaluate(node.alternate, context);
  const arms = machine.journal.oneOf([
    () => machine.evaluate(node.consequent, context),
    () => machine.evaluate(node.alternate, context),
  ]);
  return choice(arms);
}

export function unary(machine: Machine, node: ast.UnaryExpression, context: Context): Value {
  const argument = machine.evaluate(node.argument, context);
  switch (node.operator) {
    case '!':
      return known(negated(truthOf(argument)), node, context);
    case '-': {
      const number = knownNumber(argument);
      return number === undefined ? unknown(codeOf(node, context.module)) : constant(-number);
    }
    case 'void':
      return UNDEFINED;
    default:
      return unknown(codeOf(node, context.module), factsOf(argument));
  }
}
