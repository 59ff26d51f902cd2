import type * as ast from 'oxc-parser';
import { enumValue } from '../classes/enums.js';
import { markUnused } from '../machine/acting-calls.js';
import { LexicalScope } from '../machine/lexical-scope.js';
import type { Completion, Context, Machine } from '../machine/machine.types.js';
import { UNDEFINED } from '../values/value.js';
import { declareVariables, executeBlock } from './blocks.js';
import { executeIf, executeSwitch, executeTry } from './branches.js';
import { executeForEach, executeFor, executeWhile } from './loops.js';

type Models = {
  readonly [Type in ast.Statement['type']]?: (
    machine: Machine,
    node: Extract<ast.Statement, { readonly type: Type }>,
    context: Context,
  ) => Completion;
};

type Model = (machine: Machine, node: ast.Statement, context: Context) => Completion;

const MODELS: Models = {
  ExpressionStatement(machine, node, context) {
    markUnused(machine, node.expression);
    machine.evaluate(node.expression, context);
    return 'normal';
  },
  VariableDeclaration(machine, node, context) {
    declareVariables(machine, node, context);
    return 'normal';
  },
  TSEnumDeclaration(machine, node, context) {
    context.scope.declare(node.id.name, enumValue(machine, node, context));
    return 'normal';
  },
  BlockStatement: (machine, node, { scope, module }) =>
    executeBlock(machine, node.body, { scope: LexicalScope.block(scope), module }),
  ReturnStatement(machine, node, context) {
    if (node.argument && machine.frames.at(-1)?.isActing) markUnused(machine, node.argument);
    const value = node.argument ? machine.evaluate(node.argument, context) : UNDEFINED;
    machine.frames.at(-1)?.returns.push(value);
    return 'return';
  },
  ThrowStatement(machine, node, context) {
    machine.evaluate(node.argument, context);
    return 'throw';
  },
  IfStatement: executeIf,
  SwitchStatement: executeSwitch,
  TryStatement: executeTry,
  ForStatement: executeFor,
  ForOfStatement: executeForEach,
  ForInStatement: executeForEach,
  WhileStatement: executeWhile,
  DoWhileStatement: executeWhile,
  BreakStatement: () => 'break',
  ContinueStatement: () => 'continue',
  LabeledStatement(machine, node, context) {
    const completion = machine.execute(node.body, context);
    return completion === 'break' ? 'normal' : completion;
  },
};

/** Runs a statement. Both arms of a branch with an uncertain condition run from the same state. */
export function executeStatement(machine: Machine, node: ast.Statement, context: Context): Completion {
  machine.countStep();
  if (node.type === 'ClassDeclaration') {
    if (node.id) context.scope.declare(node.id.name, machine.evaluate(node, context));
    return 'normal';
  }
  const model = MODELS[node.type] as Model | undefined;
  // The other statements are declarations of types, and functions, which are hoisted.
  return model ? model(machine, node, context) : 'normal';
}
