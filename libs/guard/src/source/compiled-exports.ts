import type * as ast from 'oxc-parser';
import type { ModuleExport } from './parsed-module.js';

/**
 * Reads the exports that the TypeScript compiler writes: `Object.defineProperty(exports, 'a', { get })` and
 * `__exportStar(require('./a'), exports)`.
 */
export function readCompiledExports(
  expression: ast.Expression,
  exports: Map<string, ModuleExport>,
  starExports: string[],
): void {
  if (expression.type !== 'CallExpression') return;
  const callee = calleeName(expression.callee);
  if (callee === 'defineProperty') readDefinedExport(expression, exports);
  else if (callee && /export_?star$/i.test(callee)) readStarExport(expression, starExports);
}

function readDefinedExport(call: ast.CallExpression, exports: Map<string, ModuleExport>): void {
  const [target, name, descriptor] = call.arguments;
  if (target?.type !== 'Identifier' || target.name !== 'exports') return;
  if (name?.type !== 'Literal' || typeof name.value !== 'string' || name.value === '__esModule') return;
  const node = descriptor?.type === 'ObjectExpression' ? definedValue(descriptor) : undefined;
  if (node) exports.set(name.value, { kind: 'expression', node });
}

function readStarExport(call: ast.CallExpression, starExports: string[]): void {
  const [module] = call.arguments;
  if (module?.type !== 'CallExpression' || calleeName(module.callee) !== 'require') return;
  const [specifier] = module.arguments;
  if (specifier?.type === 'Literal' && typeof specifier.value === 'string') starExports.push(specifier.value);
}

function calleeName(callee: ast.Expression): string | undefined {
  if (callee.type === 'Identifier') return callee.name;
  return callee.type === 'MemberExpression' && !callee.computed ? callee.property.name : undefined;
}

function definedValue(descriptor: ast.ObjectExpression): ast.Expression | undefined {
  for (const property of descriptor.properties) {
    if (property.type !== 'Property' || property.key.type !== 'Identifier') continue;
    if (property.key.name === 'get') return returnedValue(property.value);
  }
  return undefined;
}

/** The value that a getter returns. */
function returnedValue(node: ast.Expression): ast.Expression | undefined {
  if (node.type !== 'FunctionExpression' || !node.body) return undefined;
  const statement = node.body.body.find(({ type }) => type === 'ReturnStatement');
  return statement?.type === 'ReturnStatement' ? (statement.argument ?? undefined) : undefined;
}
