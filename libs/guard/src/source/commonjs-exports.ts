import type * as ast from 'oxc-parser';
import type { ModuleExport } from './parsed-module.js';

/**
 * Adds `exports.a = x` and `module.exports.a = x` to the exports.
 * @returns the `x` of `module.exports = x`
 */
export function readCommonJs(
  expression: ast.Expression,
  exports: Map<string, ModuleExport>,
): ast.Expression | undefined {
  if (expression.type !== 'AssignmentExpression' || expression.operator !== '=') return undefined;
  const { left, right } = expression;
  if (left.type !== 'MemberExpression' || left.computed) return undefined;
  // `exports.a = exports.b = x`
  if (right.type === 'AssignmentExpression') readCommonJs(right, exports);
  if (isModuleExports(left)) return right.type === 'AssignmentExpression' ? right.right : right;
  const { name } = left.property;
  // `exports.a = void 0` of a compiler only announces the export.
  const isAnnouncement = right.type === 'UnaryExpression' && exports.has(name);
  if (isExports(left.object) && !isAnnouncement) exports.set(name, { kind: 'expression', node: right });
  return undefined;
}

function isExports(node: ast.Expression): boolean {
  return (node.type === 'Identifier' && node.name === 'exports') || isModuleExports(node);
}

function isModuleExports(node: ast.Expression): boolean {
  return (
    node.type === 'MemberExpression' &&
    !node.computed &&
    node.object.type === 'Identifier' &&
    node.object.name === 'module' &&
    node.property.name === 'exports'
  );
}
