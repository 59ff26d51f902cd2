import type * as ast from 'oxc-parser';
import type { ModuleExport } from './parsed-module.js';

/**
 * Exports as compilers write them: `Object.defineProperty(exports, 'a', { get })`, `_export(exports, { a: … })` (swc) and
 * `__exportStar(require('./a'), exports)` (TypeScript).
 */
export function readCompiledExports(
  expression: ast.Expression,
  exports: Map<string, ModuleExport>,
  starExports: string[],
): void {
  if (expression.type !== 'CallExpression') return;
  const [first, second, third] = expression.arguments;
  const callee = calleeName(expression.callee);
  if (
    callee === 'defineProperty' &&
    isExports(first) &&
    second?.type === 'Literal' &&
    third?.type === 'ObjectExpression'
  ) {
    const node = definedValue(third);
    if (node && typeof second.value === 'string' && second.value !== '__esModule')
      exports.set(second.value, { kind: 'expression', node });
  } else if (/^_export$/.test(callee) && isExports(first) && second?.type === 'ObjectExpression') {
    for (const property of second.properties) {
      if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
      const node = returned(property.value);
      if (node) exports.set(property.key.name, { kind: 'expression', node });
    }
  } else if (
    /export_?star$/i.test(callee) &&
    first?.type === 'CallExpression' &&
    calleeName(first.callee) === 'require'
  ) {
    const [specifier] = first.arguments;
    if (specifier?.type === 'Literal' && typeof specifier.value === 'string')
      starExports.push(specifier.value);
  }
}

function calleeName(callee: ast.Expression): string {
  if (callee.type === 'Identifier') return callee.name;
  if (callee.type === 'MemberExpression' && !callee.computed) return callee.property.name;
  return callee.type === 'SequenceExpression'
    ? calleeName(callee.expressions.at(-1) ?? (callee.expressions[0] as ast.Expression))
    : '';
}

function isExports(node: ast.Argument | undefined): boolean {
  return node?.type === 'Identifier' && node.name === 'exports';
}

function definedValue(descriptor: ast.ObjectExpression): ast.Expression | undefined {
  for (const property of descriptor.properties) {
    if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
    if (property.key.name === 'get') return returned(property.value);
    if (property.key.name === 'value') return property.value;
  }
  return undefined;
}

/** What a getter returns. */
function returned(node: ast.Expression): ast.Expression | undefined {
  if (node.type !== 'FunctionExpression' && node.type !== 'ArrowFunctionExpression') return undefined;
  if (node.body?.type !== 'BlockStatement') return node.body ?? undefined;
  for (const statement of node.body.body)
    if (statement.type === 'ReturnStatement') return statement.argument ?? undefined;
  return undefined;
}
