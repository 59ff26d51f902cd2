import type * as ast from 'oxc-parser';

/** Finds the initial value of a constant; undefined if the name is no constant. */
export type ConstantFinder = (name: string) => ast.Expression | undefined;

/** The value of an expression that is a constant text; undefined if it is not certain. */
export function staticText(node: ast.Node, constants: ConstantFinder): string | undefined {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'string' ? node.value : undefined;
    case 'TemplateLiteral':
      return templateText(node, constants);
    case 'BinaryExpression': {
      if (node.operator !== '+') return undefined;
      const [left, right] = [staticText(node.left, constants), staticText(node.right, constants)];
      return left === undefined || right === undefined ? undefined : left + right;
    }
    case 'Identifier': {
      const value = constants(node.name);
      return value === undefined ? undefined : staticText(value, () => undefined);
    }
    case 'ParenthesizedExpression':
    case 'TSAsExpression':
      return staticText(node.expression, constants);
    default:
      return undefined;
  }
}

function templateText(node: ast.TemplateLiteral, constants: ConstantFinder): string | undefined {
  let text = '';
  for (const [at, quasi] of node.quasis.entries()) {
    text += quasi.value.cooked ?? '';
    const expression = node.expressions[at];
    if (!expression) continue;
    const value = staticText(expression, constants);
    if (value === undefined) return undefined;
    text += value;
  }
  return text;
}

/**
 * The value of a query's parameter as the driver sends it: a text, or null for NULL; undefined if it is not a
 * literal.
 */
export function parameterText(node: ast.Node, constants: ConstantFinder): string | null | undefined {
  if (node.type === 'Literal') {
    if (node.value === null) return 'raw' in node && node.raw === 'null' ? null : undefined;
    return ['string', 'number', 'boolean'].includes(typeof node.value) ? String(node.value) : undefined;
  }
  if (node.type === 'UnaryExpression' && node.operator === '-') {
    const value = parameterText(node.argument, constants);
    return typeof value === 'string' && /^[\d.]+$/.test(value) ? `-${value}` : undefined;
  }
  if (node.type === 'Identifier') {
    const value = constants(node.name);
    return value === undefined ? undefined : parameterText(value, () => undefined);
  }
  return staticText(node, constants);
}
