import type * as ast from 'oxc-parser';
import type { Machine } from './machine.types.js';

const PROMISE_METHOD = /^(?:then|catch|finally)$/;
const PROMISE_LIST = /^(?:all|allSettled|race|any|resolve)$/;

type Uses = Pick<Machine, 'acting'>;

export function markUnused({ acting }: Uses, node: ast.Expression | ast.Argument): void {
  for (const call of actingCalls(node)) acting.set(call, 'unused');
}

/** A call that is awaited. If nobody uses its result either, the statement around it has said so. */
export function markAwaited({ acting }: Uses, node: ast.Expression | ast.Argument): void {
  for (const call of actingCalls(node)) if (!acting.has(call)) acting.set(call, 'awaited');
}

/**
 * The calls in an expression with a result that nobody uses, or that is only awaited. Such a call acts; it does
 * not only compute.
 */
function actingCalls(node: ast.Expression | ast.Argument): readonly ast.Expression[] {
  switch (node.type) {
    case 'CallExpression':
      return [node, ...callsBehind(node)];
    case 'NewExpression':
    case 'TaggedTemplateExpression':
      return [node];
    case 'AwaitExpression':
    case 'UnaryExpression':
    case 'SpreadElement':
      return actingCalls(node.argument);
    case 'ChainExpression':
    case 'TSAsExpression':
    case 'TSNonNullExpression':
    case 'ParenthesizedExpression':
      return actingCalls(node.expression);
    case 'ConditionalExpression':
      return [...actingCalls(node.consequent), ...actingCalls(node.alternate)];
    case 'LogicalExpression':
      return actingCalls(node.right);
    case 'SequenceExpression':
      return node.expressions.flatMap(actingCalls);
    case 'ArrayExpression':
      return node.elements.flatMap((element) => (element ? actingCalls(element) : []));
    default:
      return [];
  }
}

/** `seed().catch(log)`, `Promise.all([seed()])` */
function callsBehind({ callee, arguments: given }: ast.CallExpression): readonly ast.Expression[] {
  if (callee.type !== 'MemberExpression' || callee.property.type !== 'Identifier') return [];
  const { name } = callee.property;
  if (PROMISE_METHOD.test(name)) return actingCalls(callee.object);
  const isPromise = callee.object.type === 'Identifier' && callee.object.name === 'Promise';
  return isPromise && PROMISE_LIST.test(name) ? given.flatMap(actingCalls) : [];
}
