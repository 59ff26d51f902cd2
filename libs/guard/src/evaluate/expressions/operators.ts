import type * as ast from 'oxc-parser';
import type { Context, Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { isDriverClass, isTypeWithDefault } from '../values/driver-names.js';
import { factsOf } from '../values/facts.js';
import { armOf } from '../statements/doubtful-arms.js';
import { concatenate } from '../values/text-value.js';
import { equality, isPresent, looseEquality, likelyEqual, likelyTruth, truthOf } from '../values/truth.js';
import { UNDEFINED, choice, constant, knownNumber, plain, unknown } from '../values/value.js';
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
    case '==': {
      const truth = operator === '==' ? looseEquality(left, right) : equality(left, right);
      return known({ truth, likely: likelyEqual(left, right) }, node, context);
    }
    case '!==':
    case '!=': {
      const truth = operator === '!=' ? looseEquality(left, right) : equality(left, right);
      return known({ truth: negated(truth), likely: negated(likelyEqual(left, right)) }, node, context);
    }
    case 'instanceof':
      return instanceOfDriver(right, node, context);
    default: {
      if (!ARITHMETIC.has(operator)) return uncertain(node, [left, right], context);
      const result = arithmetic(operator, left, right);
      return result === undefined ? plain(codeOf(node, context.module)) : constant(result);
    }
  }
}

/** The result is a number, a text or a truth: of its operands it keeps only that they are rows. */
function uncertain(node: ast.Expression, operands: readonly Value[], { module }: Context): Value {
  const readsRows = operands.some((operand) => factsOf(operand).rows);
  return readsRows ? unknown(codeOf(node, module), { rows: true }) : plain(codeOf(node, module));
}

interface Outcome {
  readonly truth: boolean | undefined;
  readonly likely?: boolean | undefined;
}

function known({ truth, likely }: Outcome, node: ast.Expression, { module }: Context): Value {
  return truth === undefined ? plain(codeOf(node, module), { likely }) : constant(truth);
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

/** `driver instanceof PostgresDriver`: certain for a class of TypeORM, likely for any other with such a name. */
function instanceOfDriver(right: Value, node: ast.BinaryExpression, context: Context): Value {
  const name = node.right.type === 'Identifier' ? isDriverClass(node.right.name) : undefined;
  const isOfTypeOrm = right.kind === 'native' && right.name.startsWith('typeorm.');
  return known({ truth: isOfTypeOrm ? name : undefined, likely: name }, node, context);
}

export function logical(machine: Machine, node: ast.LogicalExpression, context: Context): Value {
  const left = machine.evaluate(node.left, context);
  const truth = node.operator === '??' ? isPresent(left) : truthOf(left);
  const takesRight = node.operator === '&&' ? truth : negated(truth);
  if (takesRight === false) return left;
  if (takesRight === true) return machine.evaluate(node.right, context);
  const likely = node.operator === '??' ? undefined : likelyTruth(left);
  const isDoubtful = likely !== undefined && likely === (node.operator === '||');
  let right: Value = UNDEFINED;
  machine.journal.maybe(() => {
    const evaluate = (): Value => machine.evaluate(node.right, context);
    right = isDoubtful ? machine.inDoubt(codeOf(node.left, context.module), evaluate) : evaluate();
  });
  if (isDoubtful) {
    // A function may have the name of a test, so a call of the result must not be lost.
    const kept =
      left.kind === 'unknown' ? { ...left, likely } : plain(codeOf(node, context.module), { likely });
    const other = right as Value;
    return isCallable(other) ? choice([kept, other]) : kept;
  }
  return node.operator !== '&&' && isTypeWithDefault(left, right) ? left : choice([left, right]);
}

/** Whether a call of the value, of one of its members or of one of its items can do something. */
function isCallable(value: Value): boolean {
  switch (value.kind) {
    case 'function':
    case 'class':
    case 'object':
    case 'array':
    case 'namespace':
      return true;
    case 'choice':
      return value.options.some(isCallable);
    case 'unknown':
      return value.facts.opaque === true;
    default:
      return false;
  }
}

export function conditional(machine: Machine, node: ast.ConditionalExpression, context: Context): Value {
  const test = machine.evaluate(node.test, context);
  const truth = truthOf(test);
  if (truth === true) return machine.evaluate(node.consequent, context);
  if (truth === false) return machine.evaluate(node.alternate, context);
  const condition = { test, code: codeOf(node.test, context.module) };
  return choice(
    machine.journal.oneOf([
      () => armOf(machine, { ...condition, isTrue: true }, () => machine.evaluate(node.consequent, context)),
      () => armOf(machine, { ...condition, isTrue: false }, () => machine.evaluate(node.alternate, context)),
    ]),
  );
}

export function unary(machine: Machine, node: ast.UnaryExpression, context: Context): Value {
  const argument = machine.evaluate(node.argument, context);
  switch (node.operator) {
    case '!':
      return known(
        { truth: negated(truthOf(argument)), likely: negated(likelyTruth(argument)) },
        node,
        context,
      );
    case '-': {
      const number = knownNumber(argument);
      return number === undefined ? plain(codeOf(node, context.module)) : constant(-number);
    }
    case 'void':
      return UNDEFINED;
    default:
      return unknown(codeOf(node, context.module), factsOf(argument));
  }
}
