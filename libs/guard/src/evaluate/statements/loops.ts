import type * as ast from 'oxc-parser';
import { assign } from '../expressions/assignments.js';
import { iterated } from '../expressions/iterators.js';
import { bindPattern } from '../expressions/patterns.js';
import { LexicalScope } from '../machine/lexical-scope.js';
import type { Completion, Context, Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { mayHaveMore } from '../modules/shared-objects.js';
import { factsOf } from '../values/facts.js';
import { text } from '../values/text-value.js';
import { truthOf } from '../values/truth.js';
import { array, plain, unknown } from '../values/value.js';
import type { Value } from '../values/value.types.js';
import { declareVariables } from './blocks.js';
import { MAX_UNROLLED, iterate, leavesLoop, runRepeatedly } from './iteration.js';

export function executeForEach(
  machine: Machine,
  node: ast.ForOfStatement | ast.ForInStatement,
  context: Context,
): Completion {
  const right = machine.evaluate(node.right, context);
  return iterate(machine, {
    iterated:
      node.type === 'ForInStatement'
        ? keysOf(right)
        : iterated(machine, right, { node: node.right, context }),
    expression: codeOf(node.right, context.module),
    body(item) {
      const inner = { ...context, scope: LexicalScope.block(context.scope) };
      if (node.left.type === 'VariableDeclaration')
        for (const { id } of node.left.declarations) bindPattern(id, item, { machine, context: inner });
      else assign(machine, node.left, item, inner);
      return executeBody(machine, node.body, inner);
    },
  });
}

function keysOf(value: Value): Value {
  if (value.kind === 'object' && !mayHaveMore(value))
    return array([...value.properties.keys()].map((key) => text(key)));
  return factsOf(value).rows ? unknown('key', { rows: true }) : plain('key');
}

/**
 * One iteration. What it assigned before `continue` or `break` is visible in the next one and after the loop.
 */
function executeBody(machine: Machine, body: ast.Statement, context: Context): Completion {
  const { exitMark } = machine.journal;
  const completion = machine.execute(body, context);
  machine.journal.joinExits(exitMark, (outcome) => outcome === 'continue' || outcome === 'break');
  return completion;
}

export function executeFor(machine: Machine, node: ast.ForStatement, context: Context): Completion {
  const inner = { ...context, scope: LexicalScope.block(context.scope) };
  if (node.init?.type === 'VariableDeclaration') declareVariables(machine, node.init, inner);
  else if (node.init) machine.evaluate(node.init, inner);
  return executeKnownIterations(machine, node, inner) ?? executeUnknownIterations(machine, node, inner);
}

/** @returns nothing when the condition is uncertain, or certain for too long */
function executeKnownIterations(
  machine: Machine,
  node: ast.ForStatement,
  context: Context,
): Completion | undefined {
  for (let iteration = 0; ; iteration++) {
    const truth = node.test ? truthOf(machine.evaluate(node.test, context)) : undefined;
    if (truth === false) return 'normal';
    if (truth === undefined || iteration === MAX_UNROLLED) return undefined;
    const completion = machine.inLoop('values', () => executeBody(machine, node.body, context));
    if (leavesLoop(completion)) return completion;
    if (completion === 'break') return 'normal';
    if (node.update) machine.evaluate(node.update, context);
  }
}

function executeUnknownIterations(machine: Machine, node: ast.ForStatement, context: Context): Completion {
  const readsRows = node.test ? factsOf(machine.evaluate(node.test, context)).rows : false;
  const kind = readsRows || dependsOnRows(machine, node.test, context) ? 'rows' : 'unknown';
  forgetCounters(node, context);
  const body = (): Completion => {
    const completion = executeBody(machine, node.body, context);
    if (node.update) machine.evaluate(node.update, context);
    return completion;
  };
  return machine.inLoop(kind, () => runRepeatedly(machine, body));
}

/** The counter of a loop with an unknown end is any number. */
function forgetCounters(node: ast.ForStatement, { scope }: Context): void {
  if (node.init?.type !== 'VariableDeclaration') return;
  for (const { id } of node.init.declarations) {
    const variable = id.type === 'Identifier' ? scope.find(id.name) : undefined;
    if (id.type === 'Identifier' && variable?.value?.kind === 'constant') variable.value = plain(id.name);
  }
}

/** `i < rows.length`: does the condition depend on rows that were read? */
function dependsOnRows(machine: Machine, test: ast.Expression | null, context: Context): boolean {
  switch (test?.type) {
    case 'BinaryExpression':
    case 'LogicalExpression':
      return (
        dependsOnRows(machine, test.left as ast.Expression, context) ||
        dependsOnRows(machine, test.right, context)
      );
    case 'Identifier':
    case 'MemberExpression':
      return Boolean(factsOf(machine.evaluate(test, context)).rows);
    default:
      return false;
  }
}

export function executeWhile(
  machine: Machine,
  node: ast.WhileStatement | ast.DoWhileStatement,
  context: Context,
): Completion {
  const isFirstCertain = node.type === 'DoWhileStatement';
  if (!isFirstCertain && truthOf(machine.evaluate(node.test, context)) === false) return 'normal';
  const body = (): Completion => {
    const completion = executeBody(machine, node.body, context);
    machine.evaluate(node.test, context);
    return completion;
  };
  // A migration needs `while` only to continue until no row is left.
  return machine.inLoop('rows', () => {
    const completion = isFirstCertain ? body() : 'normal';
    return leavesLoop(completion) ? completion : runRepeatedly(machine, body);
  });
}
