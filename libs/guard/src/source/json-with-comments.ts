import { parseSync } from 'oxc-parser';
import type * as ast from 'oxc-parser';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** Reads JSON as tsconfig files are written: with comments and trailing commas. Anything else yields `undefined`. */
export function parseJsonWithComments(text: string): JsonValue | undefined {
  const { program, errors } = parseSync('config.js', `(${text.replace(/^\uFEFF/, '')}\n)`, {
    preserveParens: false,
  });
  const [statement] = program.body;
  if (errors.length > 0 || statement?.type !== 'ExpressionStatement') return undefined;
  return toJson(statement.expression);
}

function toJson(node: ast.Expression): JsonValue | undefined {
  switch (node.type) {
    case 'Literal':
      return typeof node.value === 'object' && node.value !== null ? undefined : (node.value as JsonValue);
    case 'ArrayExpression':
      return node.elements.map((element) => (element ? (toJson(element as ast.Expression) ?? null) : null));
    case 'ObjectExpression': {
      const entries: [string, JsonValue][] = [];
      for (const property of node.properties) {
        if (property.type !== 'Property') continue;
        const value = toJson(property.value);
        const key =
          property.key.type === 'Literal'
            ? String(property.key.value)
            : property.key.type === 'Identifier'
              ? property.key.name
              : undefined;
        if (key !== undefined && value !== undefined) entries.push([key, value]);
      }
      return Object.fromEntries(entries);
    }
    case 'UnaryExpression': {
      const value = toJson(node.argument);
      return typeof value === 'number' ? -value : undefined;
    }
    default:
      return undefined;
  }
}
