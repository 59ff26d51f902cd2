import type * as ast from 'oxc-parser';
import { type Context, type Machine, codeOf } from '../machine/machine.types.js';
import { concatenate, knownText, text } from '../values/text-value.js';
import {
  type Chunk,
  type TextPart,
  type Value,
  UNDEFINED,
  array,
  constant,
  factsOf,
  mergeFacts,
  object,
  unknown,
} from '../values/value.js';

export function literal(node: Extract<ast.Expression, { type: 'Literal' }>, { module }: Context): Value {
  if (typeof node.value === 'string')
    // The quotes are not part of the content.
    return text(node.value, { source: module.source, start: node.start + 1, end: node.end - 1 });
  return constant(node.value);
}

export function templateText(machine: Machine, node: ast.TemplateLiteral, context: Context): Value {
  const pieces: { readonly value: Value; readonly expression: string }[] = [];
  node.quasis.forEach((quasi, index) => {
    const content = quasi.value.cooked ?? quasi.value.raw;
    const [start, end] = quasiRange(quasi, context);
    const chunk: Chunk = { text: content, site: { source: context.module.source, start, end } };
    const parts: TextPart[] = content === '' ? [] : [chunk];
    pieces.push({ value: { kind: 'text', parts }, expression: '' });
    const expression = node.expressions[index];
    if (expression)
      pieces.push({
        value: machine.evaluate(expression, context),
        expression: codeOf(expression, context.module),
      });
  });
  return concatenate(pieces);
}

/** Parsers differ in whether a quasi's span holds its delimiters; the source tells. */
function quasiRange(quasi: ast.TemplateElement, { module }: Context): readonly [number, number] {
  const { raw } = quasi.value;
  const { text: source } = module.source;
  for (const start of [quasi.start, quasi.start + 1])
    if (source.startsWith(raw, start)) return [start, start + raw.length];
  return [quasi.start, quasi.end];
}

export function arrayLiteral(machine: Machine, node: ast.ArrayExpression, context: Context): Value {
  const result = array([]);
  for (const element of node.elements) {
    if (element === null) {
      result.items.push(UNDEFINED);
    } else if (element.type === 'SpreadElement') {
      const spread = machine.evaluate(element.argument, context);
      if (spread.kind === 'array') {
        result.items.push(...spread.items);
        result.open ||= spread.open;
      } else {
        result.items.push(unknown(codeOf(element.argument, context.module), factsOf(spread)));
        result.open = true;
      }
    } else {
      result.items.push(machine.evaluate(element, context));
    }
  }
  return result;
}

export function objectLiteral(machine: Machine, node: ast.ObjectExpression, context: Context): Value {
  const result = object();
  for (const property of node.properties) {
    if (property.type === 'SpreadElement') {
      const spread = machine.evaluate(property.argument, context);
      if (spread.kind === 'object') {
        for (const [name, value] of spread.properties) result.properties.set(name, value);
        result.open ||= spread.open;
      } else {
        result.open = true;
      }
      result.facts = mergeFacts(result.facts, factsOf(spread));
      continue;
    }
    const name = propertyName(machine, property.key, property.computed, context);
    const value = machine.evaluate(property.value, context);
    const bound =
      value.kind === 'function' && value.node.type !== 'ArrowFunctionExpression'
        ? { ...value, self: result }
        : value;
    if (name === undefined) result.open = true;
    else result.properties.set(name, bound);
  }
  return result;
}

export function propertyName(
  machine: Machine,
  key: ast.PropertyKey,
  computed: boolean,
  context: Context,
): string | undefined {
  if (!computed && key.type === 'Identifier') return key.name;
  if (key.type === 'PrivateIdentifier') return `#${key.name}`;
  const value = machine.evaluate(key, context);
  if (value.kind === 'constant') return String(value.value);
  return knownText(value);
}

/** The name behind `.` or in `[…]`, when it is known. */
export function memberName(
  machine: Machine,
  node: ast.MemberExpression,
  context: Context,
): string | undefined {
  if (!node.computed)
    return node.property.type === 'PrivateIdentifier' ? `#${node.property.name}` : node.property.name;
  return propertyName(machine, node.property, true, context);
}
