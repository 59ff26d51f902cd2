import type * as ast from 'oxc-parser';
import type { Context, Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { mayHaveMore } from '../modules/shared-objects.js';
import { factsOf, mergeFacts } from '../values/facts.js';
import { concatenate, text } from '../values/text-value.js';
import { UNDEFINED, array, constant, object, unknown } from '../values/value.js';
import type { ArrayValue, Chunk, ObjectValue, TextPart, Value } from '../values/value.types.js';
import { iterated } from './iterators.js';
import { propertyName } from './property-names.js';

export function literal(node: Extract<ast.Expression, { type: 'Literal' }>, { module }: Context): Value {
  if (typeof node.value === 'string')
    // The quotes are not part of the content.
    return text(node.value, { source: module.source, start: node.start + 1, end: node.end - 1 });
  return constant(node.value);
}

export function templateText(machine: Machine, node: ast.TemplateLiteral, context: Context): Value {
  const pieces: { readonly value: Value; readonly expression: string }[] = [];
  node.quasis.forEach((quasi, index) => {
    pieces.push({ value: { kind: 'text', parts: quasiParts(quasi, context) }, expression: '' });
    const expression = node.expressions[index];
    if (expression)
      pieces.push({
        value: machine.evaluate(expression, context),
        expression: codeOf(expression, context.module),
      });
  });
  return concatenate(pieces);
}

function quasiParts(quasi: ast.TemplateElement, context: Context): readonly TextPart[] {
  const content = quasi.value.cooked ?? quasi.value.raw;
  if (content === '') return [];
  const [start, end] = quasiRange(quasi, context);
  const chunk: Chunk = { text: content, site: { source: context.module.source, start, end } };
  return [chunk];
}

/** Depending on the language, a quasi's span includes its delimiters or not. The source decides. */
function quasiRange(quasi: ast.TemplateElement, { module }: Context): readonly [number, number] {
  const { raw } = quasi.value;
  for (const start of [quasi.start, quasi.start + 1])
    if (module.source.text.startsWith(raw, start)) return [start, start + raw.length];
  // `raw` has \n for each \r\n of the source.
  return [quasi.start, quasi.end];
}

export function arrayLiteral(machine: Machine, node: ast.ArrayExpression, context: Context): Value {
  const result = array([]);
  for (const element of node.elements) {
    if (element?.type === 'SpreadElement') addSpreadItems(machine, result, element, context);
    else result.items.push(element ? machine.evaluate(element, context) : UNDEFINED);
  }
  return result;
}

function addSpreadItems(
  machine: Machine,
  result: ArrayValue,
  { argument }: ast.SpreadElement,
  context: Context,
): void {
  const spread = iterated(machine, machine.evaluate(argument, context), { node: argument, context });
  if (spread.kind === 'array') {
    result.items.push(...spread.items);
    result.isOpen ||= spread.isOpen;
    if (spread.mayLack) result.mayLack = true;
  } else {
    result.items.push(unknown(codeOf(argument, context.module), factsOf(spread)));
    result.isOpen = true;
  }
}

export function objectLiteral(machine: Machine, node: ast.ObjectExpression, context: Context): Value {
  const result = object();
  for (const property of node.properties) {
    if (property.type === 'SpreadElement')
      addSpreadProperties(result, machine.evaluate(property.argument, context));
    else addProperty(machine, result, property, context);
  }
  return result;
}

function addSpreadProperties(result: ObjectValue, spread: Value): void {
  if (spread.kind === 'object') {
    for (const [name, value] of spread.properties) result.properties.set(name, value);
    result.isOpen ||= mayHaveMore(spread);
  } else {
    result.isOpen = true;
  }
  result.facts = mergeFacts(result.facts, factsOf(spread));
}

function addProperty(
  machine: Machine,
  result: ObjectValue,
  property: ast.ObjectProperty,
  context: Context,
): void {
  const name = propertyName(machine, property, context);
  const value = machine.evaluate(property.value, context);
  if (name === undefined) {
    result.isOpen = true;
    return;
  }
  if (property.kind === 'set') {
    if (value.kind === 'function') result.setters?.set(name, { ...value, thisValue: result });
    return;
  }
  const isMethod = value.kind === 'function' && value.node.type !== 'ArrowFunctionExpression';
  const kind = property.kind === 'get' ? { isGetter: true as const } : {};
  result.properties.set(name, isMethod ? { ...value, ...kind, thisValue: result } : value);
}
