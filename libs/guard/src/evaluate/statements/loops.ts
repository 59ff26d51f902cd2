import type * as ast from 'oxc-parser';
import { assign } from '../expressions/assignments.js';
import type { LoopKind } from '../machine/event.types.js';
import { type Completion, type Context, type Machine, codeOf } from '../machine/machine.types.js';
import { Scope } from '../machine/scope.js';
import { truthOf } from '../values/truth.js';
import { type Value, choice, factsOf, optionsOf, unknown } from '../values/value.js';
import { text } from '../values/text-value.js';
import { declareVariables } from './blocks.js';

type Loop =
  ast.ForStatement | ast.ForOfStatement | ast.ForInStatement | ast.WhileStatement | ast.DoWhileStatement;

/** A list written in the code is gone through item by item up to this length. */
const MAX_UNROLLED = 400;

export function executeLoop(machine: Machine, node: Loop, context: Context): Completion {
  switch (node.type) {
    case 'ForOfStatement':
      return executeEach(machine, node, machine.evaluate(node.right, context), context);
    case 'ForInStatement':
      return executeEach(machine, node, keysOf(machine.evaluate(node.right, context)), context);
    case 'ForStatement':
      return executeFor(machine, node, context);
    default:
      return executeWhile(machine, node, context);
  }
}

function keysOf(value: Value): Value {
  if (value.kind === 'object' && !value.open)
    return { kind: 'array', items: [...value.properties.keys()].map((key) => text(key)), open: false };
  if (value.kind === 'array' && !value.open)
    return { kind: 'array', items: value.items.map((_, index) => text(String(index))), open: false };
  return unknown('key', factsOf(value));
}

function executeEach(
  machine: Machine,
  node: ast.ForOfStatement | ast.ForInStatement,
  iterated: Value,
  context: Context,
): Completion {
  const run = (item: Value): Completion => {
    const scope = new Scope(context.scope);
    const inner = { ...context, scope };
    if (node.left.type === 'VariableDeclaration') {
      for (const { id } of node.left.declarations) machine.bind(id, item, inner, scope);
    } else {
      assign(machine, node.left, item, inner);
    }
    return executeBody(machine, node.body, inner);
  };
  return iterate(machine, iterated, codeOf(node.right, context.module), run);
}

/** Runs a body for the items of a value: each when they are known, once for all when they are not. */
export function iterate(
  machine: Machine,
  iterated: Value,
  expression: string,
  run: (item: Value) => Completion,
): Completion {
  const options = optionsOf(iterated);
  if (options.length > 1) {
    machine.journal.branch(
      options.map((option) => () => iterate(machine, option, expression, run)),
      () => true,
      () => true,
    );
    return 'normal';
  }
  if (iterated.kind === 'array' && !iterated.open && iterated.items.length <= MAX_UNROLLED) {
    const kind: LoopKind = factsOf(iterated).rows ? 'rows' : 'values';
    return machine.inLoop(kind, () => {
      for (const item of iterated.items) {
        const completion = run(item);
        if (completion === 'return' || completion === 'throw') return completion;
        if (completion === 'break') break;
      }
      return 'normal';
    });
  }
  const facts = factsOf(iterated);
  const item =
    iterated.kind === 'array' && iterated.items.length > 0
      ? choice(iterated.items)
      : unknown(elementName(expression), facts);
  return machine.inLoop(loopKind(iterated), () => runMaybe(machine, () => run(item)));
}

function loopKind(iterated: Value): LoopKind {
  if (factsOf(iterated).rows) return 'rows';
  return iterated.kind === 'array' && !iterated.open ? 'values' : 'unknown';
}

/** One turn; what it assigned before `continue` or `break` is there for the next turn, and behind the loop. */
function executeBody(machine: Machine, body: ast.Statement, context: Context): Completion {
  const { exits } = machine.journal;
  const completion = machine.execute(body, context);
  machine.journal.rejoin(exits, (outcome) => outcome === 'continue' || outcome === 'break');
  return completion;
}

function elementName(expression: string): string {
  return `an element of ${expression}`;
}

/** A body that may run any number of times: what it assigns is joined with what stood before. */
function runMaybe(machine: Machine, body: () => Completion): Completion {
  const before = machine.journal.changes;
  machine.journal.branch(
    [body],
    () => true,
    () => true,
  );
  // What the first turn leaves is what the second starts from: `if (first) { first = false; continue; }`.
  if (machine.journal.changes !== before)
    machine.journal.branch(
      [body],
      () => true,
      () => true,
    );
  return 'normal';
}

function executeFor(machine: Machine, node: ast.ForStatement, context: Context): Completion {
  const scope = new Scope(context.scope);
  const inner = { ...context, scope };
  if (node.init?.type === 'VariableDeclaration') declareVariables(machine, node.init, inner);
  else if (node.init) machine.evaluate(node.init, inner);
  for (let turn = 0; turn <= MAX_UNROLLED; turn++) {
    const truth = node.test ? truthOf(machine.evaluate(node.test, inner)) : undefined;
    if (truth === false) return 'normal';
    if (truth === undefined || turn === MAX_UNROLLED) break;
    const completion = machine.inLoop('values', () => executeBody(machine, node.body, inner));
    if (completion === 'return' || completion === 'throw') return completion;
    if (completion === 'break') return 'normal';
    if (node.update) machine.evaluate(node.update, inner);
  }
  const bounds = node.test ? factsOf(machine.evaluate(node.test, inner)) : {};
  forgetNumbers(node, inner);
  return machine.inLoop(bounds.rows || mentionsRows(machine, node.test, inner) ? 'rows' : 'unknown', () =>
    runMaybe(machine, () => {
      const completion = executeBody(machine, node.body, inner);
      if (node.update) machine.evaluate(node.update, inner);
      return completion;
    }),
  );
}

/** The counter of a loop whose end is not known is any number. */
function forgetNumbers(node: ast.ForStatement, context: Context): void {
  if (node.init?.type !== 'VariableDeclaration') return;
  for (const { id } of node.init.declarations) {
    if (id.type !== 'Identifier') continue;
    const cell = context.scope.find(id.name);
    if (cell?.value?.kind === 'constant') cell.value = unknown(id.name);
  }
}

/** `i < rows.length`, `while (rows.length > 0)`: does the condition depend on what was read? */
function mentionsRows(machine: Machine, test: ast.Expression | null, context: Context): boolean {
  if (!test) return false;
  if (test.type === 'BinaryExpression' || test.type === 'LogicalExpression')
    return (
      mentionsRows(machine, test.left as ast.Expression, context) ||
      mentionsRows(machine, test.right, context)
    );
  if (test.type === 'Literal') return false;
  if (test.type === 'UnaryExpression') return mentionsRows(machine, test.argument, context);
  return test.type === 'Identifier' || test.type === 'MemberExpression'
    ? Boolean(factsOf(machine.evaluate(test, context)).rows)
    : false;
}

function executeWhile(
  machine: Machine,
  node: ast.WhileStatement | ast.DoWhileStatement,
  context: Context,
): Completion {
  const before = node.type === 'WhileStatement' ? truthOf(machine.evaluate(node.test, context)) : true;
  if (before === false) return 'normal';
  // A `while` in a migration goes on as long as there are rows, or it would not be needed.
  return machine.inLoop('rows', () => {
    const body = (): Completion => {
      const completion = executeBody(machine, node.body, context);
      machine.evaluate(node.test, context);
      return completion;
    };
    if (node.type === 'DoWhileStatement') {
      const completion = body();
      return completion === 'return' || completion === 'throw' ? completion : runMaybe(machine, body);
    }
    return runMaybe(machine, body);
  });
}
