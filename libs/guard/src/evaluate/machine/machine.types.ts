import type * as ast from 'oxc-parser';
import type { ModuleLoader } from '../../source/module-loader.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { ArrayValue, FunctionValue, Scope, Site, Value } from '../values/value.types.js';
import type { EvaluationEvent, LoopKind, Occurrence } from './event.types.js';
import type { Journal } from './journal.js';

/** How a piece of code ends. */
export type Completion = 'normal' | 'return' | 'throw' | 'break' | 'continue';

/** The place of an expression or statement. */
export interface Context {
  readonly scope: Scope;
  readonly module: ParsedModule;
}

/** One function call that is being followed. */
export interface Frame {
  readonly function: FunctionValue;
  /** The position of the call. */
  readonly site: Site;
  readonly returns: Value[];
  /** The values that a generator yields. */
  readonly yields: ArrayValue;
  /** The number of loops around the call. */
  readonly loops: number;
  /** Nobody uses the result: see `actingCalls`. */
  readonly isActing: boolean;
}

/** The position of one call, as the models of the platform and of TypeORM need it. */
export interface CallSite {
  readonly node: ast.CallExpression | ast.NewExpression | ast.TaggedTemplateExpression;
  readonly context: Context;
  /** The callee's code, for messages. */
  readonly callee: string;
}

/** One call that a model evaluates. */
export interface Call {
  readonly machine: Machine;
  readonly args: readonly Value[];
  readonly site: CallSite;
}

/** A member that is read: `name` of some value. */
export interface MemberAccess {
  readonly name: string;
  /** The code of the whole member expression, for messages. */
  readonly expression: string;
  readonly context: Context;
}

/** What becomes of the result of a call that acts. `awaited`: the code awaits it and then uses it. */
export type Use = 'unused' | 'awaited';

export interface EvaluatorOptions {
  /** Names of functions that change data by convention, e.g. `execDml`. */
  readonly dmlHelpers: ReadonlySet<string>;
}

export type Evaluable = ast.Expression | ast.Argument | ast.Super | ast.PrivateIdentifier;

/** An event without the position, which the machine adds. */
export type EventDetails = DistributiveOmit<EvaluationEvent, keyof Occurrence>;

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** The evaluator as its parts see it. */
export interface Machine {
  readonly options: EvaluatorOptions;
  readonly loader: ModuleLoader;
  readonly journal: Journal;
  readonly frames: Frame[];
  readonly loops: LoopKind[];
  /** Is code running that a module runs when it is loaded? */
  readonly isLoading: boolean;
  /** Runs code that a module runs when it is loaded. */
  whileLoading<T>(body: () => T): T;
  /** Calls with a result that nobody uses, or that is only awaited: see `actingCalls`. */
  readonly acting: WeakMap<object, Use>;

  evaluate(node: Evaluable, context: Context): Value;
  execute(node: ast.Statement, context: Context): Completion;
  /** Follows a call of any value. */
  call(callee: Value, args: readonly Value[], site: CallSite): Value;
  construct(callee: Value, args: readonly Value[], site: CallSite): Value;
  member(target: Value, access: MemberAccess): Value;
  import(specifier: string, name: string, from: ParsedModule): Value;
  exported(module: ParsedModule, name: string): Value;
  /** Runs a function value, e.g. a callback. */
  invoke(callee: FunctionValue, args: readonly Value[], site: CallSite): Value;

  /** Reports something that reaches the database, or that stopped the evaluation. */
  emit(event: EventDetails, site: CallSite): void;
  /** Counts work. @throws {EvaluationLimitError} when the migration has taken too many steps */
  countStep(): void;
  inLoop<T>(kind: LoopKind, body: () => T): T;
  /** Runs code that probably belongs to another database. @param condition the code that decides it */
  inDoubt<T>(condition: string, body: () => T): T;
  /** Runs code that only runs under a condition that is not certain. @param condition its code */
  underCondition<T>(condition: string, body: () => T): T;
}
