import type * as ast from 'oxc-parser';
import { annotatedValue, mayBeUnset } from '../classes/annotations.js';
import type { Context, Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { factsOf } from '../values/facts.js';
import { UNDEFINED, array, choice, database, isUndefined, unknown } from '../values/value.js';
import type { DatabaseRole, Scope, Value } from '../values/value.types.js';
import { iterated } from './iterators.js';
import { propertyName } from './property-names.js';

/** Anything that a value can be bound or assigned to. */
export type PatternTarget =
  | ast.BindingPattern
  | ast.AssignmentTarget
  | ast.AssignmentTargetMaybeDefault
  | ast.ForStatementLeft
  | ast.Expression;

interface Destructuring {
  readonly machine: Machine;
  readonly context: Context;
  /** Receives each variable or member of the pattern with its part of the value. */
  readonly onTarget: (target: PatternTarget, value: Value) => void;
}

/** Takes a value apart as a pattern says. */
export function destructure(pattern: PatternTarget, value: Value, how: Destructuring): void {
  switch (pattern.type) {
    case 'AssignmentPattern':
      destructure(pattern.left, valueOrDefault(pattern, value, how), how);
      return;
    case 'ArrayPattern':
      destructureArray(pattern, value, how);
      return;
    case 'ObjectPattern':
      destructureObject(pattern, value, how);
      return;
    default:
      how.onTarget(pattern, value);
  }
}

function valueOrDefault(
  pattern: ast.AssignmentPattern | ast.AssignmentTargetWithDefault,
  value: Value,
  { machine, context }: Destructuring,
): Value {
  if (isUndefined(value)) return machine.evaluate(pattern.right, context);
  if (value.kind !== 'unknown' || value.facts.rows || value.facts.database) return value;
  return choice([machine.evaluate(pattern.right, context), value]);
}

function destructureArray(
  pattern: ast.ArrayPattern | ast.ArrayAssignmentTarget,
  value: Value,
  how: Destructuring,
): void {
  const { machine, context } = how;
  const list = iterated(machine, value, { node: pattern, context });
  pattern.elements.forEach((element, index) => {
    if (!element) return;
    if (element.type === 'RestElement') {
      const rest = list.kind === 'array' ? array(list.items.slice(index), { isOpen: list.isOpen }) : list;
      destructure(element.argument, rest, how);
      return;
    }
    const expression = codeOf(element, context.module);
    destructure(element, machine.member(list, { name: String(index), expression, context }), how);
  });
}

function destructureObject(
  pattern: ast.ObjectPattern | ast.ObjectAssignmentTarget,
  value: Value,
  how: Destructuring,
): void {
  const { machine, context } = how;
  for (const property of pattern.properties) {
    if (property.type === 'RestElement') {
      destructure(property.argument, value, how);
      continue;
    }
    const name = propertyName(machine, property, context);
    const part =
      name === undefined
        ? unknown(codeOf(property, context.module), factsOf(value))
        : machine.member(value, { name, expression: name, context });
    destructure(property.value, part, how);
  }
}

export interface Binding {
  readonly machine: Machine;
  /** Where default values are evaluated. */
  readonly context: Context;
  /** @default the scope of the context */
  readonly declareIn?: Scope;
}

/** Declares the variables of a pattern and gives each its part of the value. */
export function bindPattern(pattern: ast.BindingPattern, value: Value, binding: Binding): void {
  const { machine, context, declareIn = context.scope } = binding;
  const onTarget = (target: PatternTarget, part: Value): void => {
    if (target.type === 'Identifier')
      declareIn.declare(target.name, typedValue(machine, target, part, context));
  };
  destructure(pattern, value, { machine, context, onTarget });
}

/** The usual names of the parameters that TypeORM's callbacks receive. */
const ROLE_BY_NAME: ReadonlyMap<string, DatabaseRole> = new Map([
  ['queryRunner', 'runner'],
  ['manager', 'manager'],
  ['entityManager', 'manager'],
  ['transactionManager', 'manager'],
  ['transactionalEntityManager', 'manager'],
]);

/** An unknown value is what the annotation or the name of its variable says. */
function typedValue(
  machine: Machine,
  variable: ast.BindingIdentifier,
  value: Value,
  context: Context,
): Value {
  if (value.kind !== 'unknown') return value;
  const typed = annotatedValue(machine, variable.typeAnnotation, context);
  if (typed) return mayBeUnset(variable) ? choice([UNDEFINED, typed]) : typed;
  if (value.expression !== '') return value;
  const role = value.facts.entity ? undefined : ROLE_BY_NAME.get(variable.name);
  return role ? database(role) : { ...value, expression: variable.name };
}
