import { parseSync } from 'oxc-parser';
import type * as ast from 'oxc-parser';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * Reads the JSON of a tsconfig file, which may have comments and trailing commas. Returns nothing for any
 * other text.
 */
export function parseJsonWithComments(text: string): JsonValue | undefined {
  const code = `(${text.replace(/^\uFEFF/, '')}\n)`;
  const { program, errors } = parseSync('config.js', code, { preserveParens: false });
  const [statement] = program.body;
  if (errors.length > 0 || statement?.type !== 'ExpressionStatement') return undefined;
  return toJson(statement.expression);
}

/** A value that a tsconfig cannot contain is left out. */
function toJson(node: ast.Expression): JsonValue | undefined {
  switch (node.type) {
    case 'Literal':
      return node.value as JsonValue;
    case 'ArrayExpression':
      return node.elements.map((element) => toJson(element as ast.Expression) ?? null);
    case 'ObjectExpression':
      return Object.fromEntries(node.properties.flatMap(toEntry));
    default:
      return undefined;
  }
}

function toEntry(property: ast.ObjectPropertyKind): readonly (readonly [string, JsonValue])[] {
  if (property.type !== 'Property' || property.key.type !== 'Literal') return [];
  const value = toJson(property.value);
  return value === undefined ? [] : [[String(property.key.value), value]];
}
