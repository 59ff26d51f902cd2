import type * as ast from 'oxc-parser';
import { isNothing } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/**
 * May the program skip this access of a member, because of a `?.` in its chain? The chain is undefined then.
 *
 * @param target the value before the member
 */
export function mayBeSkipped(node: ast.MemberExpression, target: Value): boolean {
  return target.kind === 'choice' && target.options.some(isNothing) && isOptional(node);
}

/** `a?.b` and everything that follows in its chain: `a?.b.c()`, `a?.b!.c`. */
function isOptional(node: ast.Expression | ast.Super): boolean {
  switch (node.type) {
    case 'MemberExpression':
      return node.optional || isOptional(node.object);
    case 'CallExpression':
      return node.optional || isOptional(node.callee);
    case 'TSNonNullExpression':
      return isOptional(node.expression);
    default:
      return false;
  }
}
