import type * as ast from 'oxc-parser';
import { annotatedValue } from './annotations.js';
import { type Context, type Machine, codeOf } from './machine.types.js';
import type { Scope } from './scope.js';
import { type Value, array, choice, factsOf, object, unknown } from './value.js';

/** Declares the names of a pattern and gives each its part of the value. */
export function bindPattern(
  machine: Machine,
  pattern: ast.BindingPattern | ast.BindingRestElement,
  value: Value,
  context: Context,
  declareIn: Scope,
): void {
  switch (pattern.type) {
    case 'Identifier': {
      const typed =
        value.kind === 'unknown'
          ? (annotatedValue(machine, pattern.typeAnnotation, context) ?? value)
          : value;
      declareIn.declare(
        pattern.name,
        typed.kind === 'unknown' && typed.expression === '' ? { ...typed, expression: pattern.name } : typed,
      );
      return;
    }
    case 'AssignmentPattern': {
      const isMissing = value.kind === 'constant' && value.value === undefined;
      const bound = isMissing
        ? machine.evaluate(pattern.right, context)
        : value.kind === 'unknown'
          ? value.facts.rows || value.facts.database
            ? value
            : choice([machine.evaluate(pattern.right, context), value])
          : value;
      bindPattern(machine, pattern.left, bound, context, declareIn);
      return;
    }
    case 'ArrayPattern':
      pattern.elements.forEach((element, index) => {
        if (!element) return;
        const part =
          element.type === 'RestElement'
            ? rest(value, index)
            : machine.member(value, String(index), codeOf(element, context.module), context);
        bindPattern(machine, element, part, context, declareIn);
      });
      return;
    case 'ObjectPattern':
      for (const property of pattern.properties) {
        if (property.type === 'RestElement') {
          bindPattern(machine, property, value, context, declareIn);
          continue;
        }
        const key = property.key;
        const name =
          !property.computed && key.type === 'Identifier'
            ? key.name
            : key.type === 'Literal'
              ? String(key.value)
              : undefined;
        const part =
          name === undefined
            ? unknown(codeOf(property, context.module), factsOf(value))
            : machine.member(value, name, name, context);
        bindPattern(machine, property.value, part, context, declareIn);
      }
      return;
    case 'RestElement':
      bindPattern(machine, pattern.argument, value, context, declareIn);
  }
}

function rest(value: Value, from: number): Value {
  if (value.kind === 'array') return array(value.items.slice(from), value.open);
  return value.kind === 'object' ? object([], true) : unknown('', factsOf(value));
}
