import type * as ast from 'oxc-parser';
import { bindPattern } from '../expressions/patterns.js';
import { CATCH } from '../machine/event.types.js';
import type { Assignments } from '../machine/journal.js';
import { LexicalScope } from '../machine/lexical-scope.js';
import type { Completion, Context, Machine } from '../machine/machine.types.js';
import { codeOf } from '../machine/source-code.js';
import { equality, likelyEqual, truthOf } from '../values/truth.js';
import type { Value } from '../values/value.types.js';
import { unknown } from '../values/value.js';
import { executeBlock } from './blocks.js';
import { type Arm, armOf } from './doubtful-arms.js';

export function executeIf(machine: Machine, node: ast.IfStatement, context: Context): Completion {
  const test = machine.evaluate(node.test, context);
  const truth = truthOf(test);
  if (truth === true) return machine.execute(node.consequent, context);
  const { alternate } = node;
  if (truth === false) return alternate ? machine.execute(alternate, context) : 'normal';
  const condition = { test, code: codeOf(node.test, context.module) };
  const arm =
    (body: ast.Statement, { isTrue }: Pick<Arm, 'isTrue'>) =>
    (): Completion =>
      armOf(machine, { ...condition, isTrue }, () => machine.execute(body, context));
  const arms = [arm(node.consequent, { isTrue: true })];
  if (alternate) arms.push(arm(alternate, { isTrue: false }));
  const outcomes = machine.journal.branch(arms, { isOptional: !alternate, continues: isNormal });
  return alternate ? joinCompletions(outcomes) : 'normal';
}

function isNormal(completion: Completion): boolean {
  return completion === 'normal';
}

/** The code after a branch is unreachable only if every arm leaves early. */
function joinCompletions(outcomes: readonly Completion[]): Completion {
  const [first = 'normal'] = outcomes;
  if (outcomes.every((outcome) => outcome === first)) return first;
  if (outcomes.includes('normal')) return 'normal';
  // The arms leave in different ways: the innermost target is assumed.
  return outcomes.find((outcome) => outcome === 'continue' || outcome === 'break') ?? 'return';
}

export function executeSwitch(machine: Machine, node: ast.SwitchStatement, context: Context): Completion {
  const discriminant = machine.evaluate(node.discriminant, context);
  const inner: Context = { ...context, scope: LexicalScope.block(context.scope) };
  const matches = node.cases.map(({ test }) =>
    test ? equality(discriminant, machine.evaluate(test, inner)) : undefined,
  );
  const code = codeOf(node.discriminant, context.module);
  const arms = possibleCases(node.cases, matches).map((entry) => (): Completion => {
    const run = (): Completion => executeCases(machine, node, entry, inner);
    if (matches[entry] === true) return run();
    return machine.underCondition(code, () =>
      isDoubtful(machine, discriminant, node.cases[entry], inner) ? machine.inDoubt(code, run) : run(),
    );
  });
  const [first] = arms;
  if (!first) return 'normal';
  const hasDefault = node.cases.some(({ test }) => test === null);
  if (arms.length === 1 && (hasDefault || matches.includes(true))) return leaveSwitch(first());
  const outcomes = machine.journal.branch(arms, {
    isOptional: !hasDefault,
    continues: (outcome) => outcome === 'normal' || outcome === 'break',
  });
  return hasDefault ? joinCompletions(outcomes.map(leaveSwitch)) : 'normal';
}

function isDoubtful(
  machine: Machine,
  discriminant: Value,
  entry: ast.SwitchCase | undefined,
  context: Context,
): boolean {
  const test = entry?.test;
  return test ? likelyEqual(discriminant, machine.evaluate(test, context)) === false : false;
}

/**
 * The indexes of the cases where the execution may start. `matches` has `undefined` for an uncertain case and
 * the default.
 */
function possibleCases(
  cases: readonly ast.SwitchCase[],
  matches: readonly (boolean | undefined)[],
): readonly number[] {
  const certain = matches.indexOf(true);
  if (certain >= 0 && matches.slice(0, certain).every((match) => match === false)) return [certain];
  const areAllKnown = cases.every(({ test }, index) => test === null || matches[index] !== undefined);
  const isPossible = (index: number): boolean =>
    cases[index]?.test === null ? !(areAllKnown && certain >= 0) : matches[index] !== false;
  return cases.map((_, index) => index).filter(isPossible);
}

/** Runs the statements of a case and, without a `break`, those of the following cases. */
function executeCases(
  machine: Machine,
  node: ast.SwitchStatement,
  entry: number,
  context: Context,
): Completion {
  for (const { consequent } of node.cases.slice(entry)) {
    const completion = executeBlock(machine, consequent, context);
    if (completion !== 'normal') return completion;
  }
  return 'normal';
}

function leaveSwitch(completion: Completion): Completion {
  return completion === 'break' ? 'normal' : completion;
}

export function executeTry(machine: Machine, node: ast.TryStatement, context: Context): Completion {
  const { handler, finalizer } = node;
  const { journal } = machine;
  const { exitMark } = journal;
  let assigned: Assignments = new Map();
  const block = (): Completion => {
    const completion = machine.execute(node.block, context);
    assigned = journal.assigned();
    return completion;
  };
  const recover = (clause: ast.CatchClause): Completion => {
    // The block may have failed before or after each of its assignments.
    journal.join(assigned);
    journal.joinExits(exitMark, (outcome) => outcome === 'throw');
    return executeCatch(machine, clause, context);
  };
  const outcomes = handler
    ? journal.branch([block, () => recover(handler)], { isOptional: false, continues: isNormal })
    : [block()];
  const completion = joinCompletions(outcomes);
  const last = finalizer ? machine.execute(finalizer, context) : 'normal';
  return last === 'normal' ? completion : last;
}

function executeCatch(machine: Machine, { param, body }: ast.CatchClause, context: Context): Completion {
  const inner: Context = { ...context, scope: LexicalScope.block(context.scope) };
  // The program may throw any object, with methods of its own.
  if (param) bindPattern(param, unknown('error'), { machine, context: inner });
  return machine.underCondition(CATCH, () => machine.execute(body, inner));
}
