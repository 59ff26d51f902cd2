import type * as ast from 'oxc-parser';
import type { ModuleLoader } from '../../source/module-loader.js';
import type { ParsedModule } from '../../source/parsed-module.js';
import type { EvaluationEvent, LoopKind, Occurrence } from './event.types.js';
import type { Journal, Scope } from './scope.js';
import { type ArrayValue, type FunctionValue, type Site, type Value, array } from '../values/value.js';

/** How a piece of code ends. */
export type Completion = 'normal' | 'return' | 'throw' | 'break' | 'continue';

/** What every expression needs to know of the place that it stands in. */
export interface Context {
  readonly scope: Scope;
  readonly module: ParsedModule;
}

/** One function call that is being followed. */
export interface Frame {
  readonly function: FunctionValue;
  /** The call. */
  readonly site: Site;
  readonly returns: Value[];
  /** Of a generator. */
  readonly yields: ArrayValue;
  /** How many loops the call stands in. */
  readonly loops: number;
}

export function frameOf(called: FunctionValue, site: Site, loops: number): Frame {
  return { function: called, site, returns: [], yields: array([]), loops };
}

/** One call, as the models of the platform and of TypeORM see it. */
export interface CallSite {
  readonly node: ast.CallExpression | ast.NewExpression | ast.TaggedTemplateExpression;
  readonly context: Context;
  /** The callee's code, for messages. */
  readonly callee: string;
}

export interface EvaluatorOptions {
  /** Names of functions that change data by convention, e.g. `execDml`. */
  readonly dmlHelpers: ReadonlySet<string>;
}

/** The evaluator as its parts see it. */
export interface Machine {
  readonly options: EvaluatorOptions;
  readonly loader: ModuleLoader;
  readonly journal: Journal;
  readonly frames: Frame[];
  readonly loops: LoopKind[];
  /** Calls whose result is awaited: they do something, rather than compute. */
  readonly awaited: WeakSet<object>;

  evaluate(node: ast.Expression | ast.Argument | ast.Super | ast.PrivateIdentifier, context: Context): Value;
  execute(node: ast.Statement, context: Context): Completion;
  /** Follows a call of any value. */
  call(callee: Value, args: readonly Value[], site: CallSite): Value;
  construct(callee: Value, args: readonly Value[], site: CallSite): Value;
  member(target: Value, name: string, expression: string, context: Context): Value;
  bind(
    pattern: ast.BindingPattern | ast.BindingRestElement,
    value: Value,
    context: Context,
    declareIn: Scope,
  ): void;
  import(specifier: string, name: string, from: ParsedModule): Value;
  exported(module: ParsedModule, name: string): Value;
  /** Runs a function value, e.g. a callback. */
  invoke(callee: FunctionValue, args: readonly Value[], site: CallSite): Value;

  emit(event: DistributiveOmit<EvaluationEvent, keyof Occurrence>, site: CallSite): void;
  /** Counts work; throws when the budget is spent. */
  tick(): void;
  inLoop<T>(kind: LoopKind, body: () => T): T;
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

export function siteOf(node: { readonly start: number; readonly end: number }, module: ParsedModule): Site {
  return { source: module.source, start: node.start, end: node.end };
}

const MAX_EXPRESSION = 80;

/** The code of a node on one line, shortened for messages. */
export function codeOf(node: { readonly start: number; readonly end: number }, module: ParsedModule): string {
  const code = module.source
    .slice(node.start, Math.min(node.end, node.start + MAX_EXPRESSION * 3))
    .replace(/\s+/g, ' ')
    .trim();
  return code.length > MAX_EXPRESSION ? `${code.slice(0, MAX_EXPRESSION - 1)}…` : code;
}
