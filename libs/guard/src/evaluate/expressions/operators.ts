import type * as ast from 'oxc-parser';
import { type Context, type Machine, codeOf } from '../machine/machine.types.js';
import { concatenate, text } from '../values/text-value.js';
import { equality, truthOf } from '../values/truth.js';
import { type Value, UNDEFINED, choice, constant, factsOf, mergeFacts, unknown } from '../values/value.js';

export function binary(machine: Machine, node: ast.BinaryExpression, context: Context): Value {
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

export function logical(machine: Machine, node: ast.LogicalExpression, context: Context): Value {
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

export function conditional(machine: Machine, node: ast.ConditionalExpression, context: Context): Value {
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

export function unary(machine: Machine, node: ast.UnaryExpression, context: Context): Value {
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
