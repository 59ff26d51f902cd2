import type * as ast from 'oxc-parser';
import { executeLoop } from './loops.js';
import type { Completion, Context, Machine } from '../machine/machine.types.js';
import { declareVariables, executeBlock } from './blocks.js';
import { type Assignments, Scope } from '../machine/scope.js';
import { equality, truthOf } from '../values/truth.js';
import { UNDEFINED, unknown } from '../values/value.js';
import { declareEnum } from '../classes/enums.js';

/** Runs a statement; both arms of a branch whose condition is not known are run from the same state. */
export function executeStatement(machine: Machine, node: ast.Statement, context: Context): Completion {
  machine.tick();
  switch (node.type) {
    case 'ExpressionStatement':
      machine.evaluate(node.expression, context);
      return 'normal';
    case 'VariableDeclaration':
      declareVariables(machine, node, context);
      return 'normal';
    case 'BlockStatement':
      return executeBlock(machine, node.body, { ...context, scope: new Scope(context.scope) });
    case 'ReturnStatement': {
      const value = node.argument ? machine.evaluate(node.argument, context) : UNDEFINED;
      machine.frames.at(-1)?.returns.push(value);
      return 'return';
    }
    case 'ThrowStatement':
      machine.evaluate(node.argument, context);
      return 'throw';
    case 'IfStatement':
      return executeIf(machine, node, context);
    case 'SwitchStatement':
      return executeSwitch(machine, node, context);
    case 'TryStatement':
      return executeTry(machine, node, context);
    case 'ForStatement':
    case 'ForOfStatement':
    case 'ForInStatement':
    case 'WhileStatement':
    case 'DoWhileStatement':
      return executeLoop(machine, node, context);
    case 'BreakStatement':
      return 'break';
    case 'ContinueStatement':
      return 'continue';
    case 'LabeledStatement': {
      const completion = machine.execute(node.body, context);
      return completion === 'break' ? 'normal' : completion;
    }
    case 'ClassDeclaration':
      if (node.id && !context.scope.hasOwn(node.id.name))
        context.scope.declare(node.id.name, machine.evaluate(node, context));
      return 'normal';
    case 'TSEnumDeclaration':
      declareEnum(machine, node, context);
      return 'normal';
    default:
      return 'normal';
  }
}

function executeIf(machine: Machine, node: ast.IfStatement, context: Context): Completion {
  const truth = truthOf(machine.evaluate(node.test, context));
  if (truth === true) return machine.execute(node.consequent, context);
  const { alternate } = node;
  if (truth === false) return alternate ? machine.execute(alternate, context) : 'normal';
  const arms = [() => machine.execute(node.consequent, context)];
  if (alternate) arms.push(() => machine.execute(alternate, context));
  const outcomes = machine.journal.branch(
    arms,
    () => !alternate,
    (outcome) => outcome === 'normal',
  );
  return alternate ? joinCompletions(outcomes) : 'normal';
}

/** Only when every arm leaves does the code behind them not run. */
export function joinCompletions(outcomes: readonly Completion[]): Completion {
  const [first = 'normal'] = outcomes;
  if (outcomes.every((outcome) => outcome === first)) return first;
  if (outcomes.includes('normal')) return 'normal';
  // Arms that leave by different ways: the nearest exit is taken as the one that happens.
  return outcomes.find((outcome) => outcome === 'continue' || outcome === 'break') ?? 'return';
}

function executeSwitch(machine: Machine, node: ast.SwitchStatement, context: Context): Completion {
  const discriminant = machine.evaluate(node.discriminant, context);
  const inner: Context = { ...context, scope: new Scope(context.scope) };
  const matches = node.cases.map(({ test }) =>
    test ? equality(discriminant, machine.evaluate(test, inner)) : undefined,
  );
  const certain = matches.findIndex((match) => match === true);
  const onlyKnown = node.cases.every(({ test }, index) => test === null || matches[index] !== undefined);
  const isPossible = (index: number): boolean => {
    if (certain >= 0 && matches.slice(0, certain).every((match) => match === false)) return index === certain;
    if (node.cases[index]?.test === null) return !(onlyKnown && certain >= 0);
    return matches[index] !== false;
  };
  const entries = node.cases.map((_, index) => index).filter(isPossible);
  const arms = entries.map((entry) => () => runCases(machine, node, entry, inner));
  const hasDefault = node.cases.some(({ test }) => test === null);
  if (arms.length === 0) return 'normal';
  if (arms.length === 1 && (hasDefault || certain >= 0)) return leaveSwitch(arms[0]?.() ?? 'normal');
  const outcomes = machine.journal.branch(
    arms,
    () => !hasDefault,
    (outcome) => outcome === 'normal' || outcome === 'break',
  );
  return hasDefault ? joinCompletions(outcomes.map(leaveSwitch)) : 'normal';
}

function runCases(machine: Machine, node: ast.SwitchStatement, entry: number, context: Context): Completion {
  for (const { consequent } of node.cases.slice(entry)) {
    const completion = executeBlock(machine, consequent, context);
    if (completion !== 'normal') return completion;
  }
  return 'normal';
}

function leaveSwitch(completion: Completion): Completion {
  return completion === 'break' ? 'normal' : completion;
}

function executeTry(machine: Machine, node: ast.TryStatement, context: Context): Completion {
  const { handler, finalizer } = node;
  const { journal } = machine;
  const { exits } = journal;
  let assigned: Assignments = new Map();
  const block = (): Completion => {
    const completion = machine.execute(node.block, context);
    assigned = journal.assigned();
    return completion;
  };
  const arms = [block];
  if (handler)
    arms.push(() => {
      // What the block assigned before it failed may or may not stand.
      journal.join(assigned);
      journal.rejoin(exits, (outcome) => outcome === 'throw');
      const scope = new Scope(context.scope);
      if (handler.param) machine.bind(handler.param, unknown('error'), context, scope);
      return machine.execute(handler.body, { ...context, scope });
    });
  const outcomes = handler
    ? journal.branch(
        arms,
        () => false,
        (outcome) => outcome === 'normal',
      )
    : [block()];
  const completion = joinCompletions(outcomes);
  const last = finalizer ? machine.execute(finalizer, context) : 'normal';
  return last === 'normal' ? completion : last;
}
