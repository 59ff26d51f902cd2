import type * as ast from 'oxc-parser';
import { annotatedValue } from '../classes/annotations.js';
import { bindPattern } from '../expressions/patterns.js';
import type { Completion, Context, Machine } from '../machine/machine.types.js';
import { codeOf, impliedCall } from '../machine/source-code.js';
import { lateAssignments } from '../modules/late-assignments.js';
import { openContainer } from '../modules/shared-objects.js';
import { UNDEFINED, choice, unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';

/** Hoists the function declarations, then runs the statements until one of them leaves the block. */
export function executeBlock(
  machine: Machine,
  body: readonly (ast.Statement | ast.Directive)[],
  context: Context,
): Completion {
  for (const statement of body)
    if (statement.type === 'FunctionDeclaration' && statement.id)
      context.scope.declare(statement.id.name, machine.evaluate(statement, context));
  for (const statement of body) {
    const completion = machine.execute(statement, context);
    if (completion !== 'normal') return completion;
  }
  return 'normal';
}

export function declareVariables(machine: Machine, node: ast.VariableDeclaration, context: Context): void {
  const declareIn = node.kind === 'var' ? context.scope.functionScope() : context.scope;
  for (const { id, init } of node.declarations) {
    const value = init
      ? machine.evaluate(init, context)
      : choice([UNDEFINED, annotatedValue(machine, id.typeAnnotation, context) ?? UNDEFINED]);
    if (/using$/.test(node.kind) && init) disposeOf(machine, value, init, context);
    bindPattern(id, withLateValue(machine, named(value, id), { id, kind: node.kind }, context), {
      machine,
      context,
      declareIn,
    });
  }
}

/** `using x = …` calls a method of the value at the end of the block. A query runner is only released. */
function disposeOf(machine: Machine, value: Value, init: ast.Expression, context: Context): void {
  if (value.kind === 'database' || value.kind === 'constant') return;
  const expression = codeOf(init, context.module);
  const site = { node: impliedCall(init), context, callee: expression };
  machine.emit({ kind: 'undecided', reason: 'unknown', expression }, site);
}

interface LocalVariable {
  readonly id: ast.BindingPattern;
  readonly kind: ast.VariableDeclaration['kind'];
}

/** A variable that only functions share, which a module makes when it is loaded: they may set it later. */
function withLateValue(
  machine: Machine,
  value: Value,
  { id, kind }: LocalVariable,
  { module }: Context,
): Value {
  if (!machine.isLoading || id.type !== 'Identifier') return value;
  const { variables, captured } = lateAssignments(module);
  if (captured.has(id.name)) openContainer(value, id.name);
  return kind !== 'const' && variables.has(id.name) ? choice([value, unknown(id.name)]) : value;
}

/** An anonymous function gets the name of its variable. */
function named(value: Value, id: ast.BindingPattern): Value {
  const isAnonymous = value.kind === 'function' && value.name === '';
  return isAnonymous && id.type === 'Identifier' ? { ...value, name: id.name } : value;
}
