import type * as ast from 'oxc-parser';
import { annotatedValue } from '../classes/annotations.js';
import { type DatabaseRole, database } from '../values/database-value.js';
import { type Context, type Machine, codeOf } from '../machine/machine.types.js';
import type { Scope } from '../machine/scope.js';
import { type Value, array, choice, factsOf, object, unknown } from '../values/value.js';

/** Declares the names of a pattern and gives each its part of the value. */
export function bindPattern(
  machine: Machine,
  pattern: ast.BindingPattern | ast.BindingRestElement,
  value: Value,
  context: Context,
  declareIn: Scope,
): void {
  switch (pattern.type) {
    case 'Identifier':
      declareIn.declare(pattern.name, typedValue(machine, pattern, value, context));
      return;
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

/** Parameters of callbacks are known by their type, or by the names that everybody gives them. */
const ROLE_BY_NAME: ReadonlyMap<string, DatabaseRole> = new Map([
  ['queryRunner', 'runner'],
  ['manager', 'manager'],
  ['entityManager', 'manager'],
  ['transactionManager', 'manager'],
  ['transactionalEntityManager', 'manager'],
]);

function typedValue(machine: Machine, pattern: ast.BindingIdentifier, value: Value, context: Context): Value {
  if (value.kind !== 'unknown') return value;
  const typed = annotatedValue(machine, pattern.typeAnnotation, context);
  if (typed) return typed;
  if (value.expression !== '') return value;
  const role = value.facts.entity ? undefined : ROLE_BY_NAME.get(pattern.name);
  return role ? database(role) : { ...value, expression: pattern.name };
}

function rest(value: Value, from: number): Value {
  if (value.kind === 'array') return array(value.items.slice(from), value.open);
  return value.kind === 'object' ? object([], true) : unknown('', factsOf(value));
}
