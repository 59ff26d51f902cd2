import type * as ast from 'oxc-parser';
import type { ModuleLoader } from '../source/module-loader.js';
import type { ParsedModule } from '../source/parsed-module.js';
import { executeBlock } from './statements/blocks.js';
import { instantiate } from './classes/classes.js';
import { database } from './values/database-value.js';
import type { EvaluationEvent, LoopKind, Occurrence } from './machine/event.types.js';
import { evaluateExpression } from './expressions/expressions.js';
import { fileConstant } from './natives/file-natives.js';
import {
  type CallSite,
  type Completion,
  type Context,
  type EvaluatorOptions,
  type Frame,
  type Machine,
  frameOf,
  siteOf,
} from './machine/machine.types.js';
import { memberOf } from './expressions/members.js';
import { exportedValue, importValue, moduleScope } from './modules/modules.js';
import { callApplication, callNative } from './natives/native-calls.js';
import { isOutsideNative } from './calls/outside-calls.js';
import { bindPattern } from './expressions/patterns.js';
import { Journal, Scope } from './machine/scope.js';
import { executeStatement } from './statements/statements.js';
import { text } from './values/text-value.js';
import { callUnknown } from './calls/unknown-calls.js';
import {
  type FunctionValue,
  type Value,
  UNDEFINED,
  array,
  choice,
  factsOf,
  mergeFacts,
  unknown,
} from './values/value.js';
import { EvaluationLimitError } from './machine/evaluation-limit.error.js';

/** Steps after which a migration counts as too large to follow. A large seed takes some ten thousand. */
const MAX_STEPS = 400_000;

const MAX_DEPTH = 60;

/** A function that calls itself is followed this many times. */
const MAX_RECURSION = 2;

/**
 * Follows the code of one migration without running it (an abstract interpretation): every path that its conditions leave open
 * is taken, each once, and what reaches the database is reported as events.
 */
export class Evaluator implements Machine {
  readonly journal = new Journal();
  readonly frames: Frame[] = [];
  readonly loops: LoopKind[] = [];
  readonly awaited = new WeakSet<object>();
  #events: EvaluationEvent[] = [];
  #steps = 0;

  constructor(
    readonly loader: ModuleLoader,
    readonly options: EvaluatorOptions,
  ) {}

  /** Runs `work` from a clean state and returns what it reported. */
  record(work: () => void): readonly EvaluationEvent[] {
    this.#events = [];
    this.#steps = 0;
    this.frames.length = 0;
    this.loops.length = 0;
    work();
    return this.#events;
  }

  moduleContext(module: ParsedModule): Context {
    return { scope: moduleScope(this, module), module };
  }

  evaluate(node: ast.Expression | ast.Argument | ast.Super | ast.PrivateIdentifier, context: Context): Value {
    const value = evaluateExpression(this, node, context);
    return value.kind === 'native' && !value.self ? (fileConstant(value.name, context) ?? value) : value;
  }

  execute(node: ast.Statement, context: Context): Completion {
    return executeStatement(this, node, context);
  }

  member(target: Value, name: string, expression: string, context: Context): Value {
    const value = memberOf(this, target, name, expression, context);
    return value.kind === 'native' && !value.self ? (fileConstant(value.name, context) ?? value) : value;
  }

  bind(
    pattern: ast.BindingPattern | ast.BindingRestElement,
    value: Value,
    context: Context,
    declareIn: Scope,
  ): void {
    bindPattern(this, pattern, value, context, declareIn);
  }

  import(specifier: string, name: string, from: ParsedModule): Value {
    return importValue(this, specifier, name, from);
  }

  exported(module: ParsedModule, name: string): Value {
    return exportedValue(this, module, name);
  }

  call(callee: Value, args: readonly Value[], site: CallSite): Value {
    switch (callee.kind) {
      case 'function':
        return this.invoke(callee, args, site);
      case 'native': {
        const thenable = thenCall(this, callee.self, callee.name, args, site);
        return (
          thenable ?? callApplication(callee.name, args[0], site) ?? callNative(this, callee, args, site)
        );
      }
      case 'choice':
        return choice(
          this.journal.branch(
            callee.options.map((option) => () => this.call(option, args, site)),
            () => false,
            () => true,
          ),
        );
      case 'unknown': {
        const name = /([\w$]+)\W*$/.exec(callee.expression)?.[1] ?? callee.expression;
        return callUnknown(this, { name, expression: site.callee, facts: callee.facts }, args, site);
      }
      default:
        return unknown(site.callee, factsOf(callee));
    }
  }

  construct(callee: Value, args: readonly Value[], site: CallSite): Value {
    if (callee.kind === 'class') return this.#construct(callee, args, site);
    const name = callee.kind === 'native' ? callee.name : '';
    switch (name) {
      case 'Set':
        return args[0]?.kind === 'array'
          ? args[0]
          : array(args[0] ? [unknown(site.callee, factsOf(args[0]))] : [], args[0] !== undefined);
      case 'Promise':
        for (const arg of args)
          if (arg.kind === 'function') this.invoke(arg, [unknown('resolve'), unknown('reject')], site);
        return unknown(site.callee);
      case 'URL': {
        const [path, base] = args;
        return path?.kind === 'text' && base?.kind === 'text' ? urlText(path, base) : unknown(site.callee);
      }
      case 'typeorm.DataSource':
      case 'typeorm.Connection':
        return database('source');
      default:
    }
    if (isOutsideNative(name, args))
      this.emit({ kind: 'undecided', reason: 'outside', expression: site.callee }, site);
    const holds = args.some((arg) => arg.kind === 'database' || factsOf(arg).database);
    const facts = mergeFacts(factsOf(callee), ...args.map((arg) => factsOf(arg)));
    return unknown(site.callee, holds && !name.startsWith('typeorm.') ? { ...facts, database: true } : facts);
  }

  #construct(callee: Extract<Value, { kind: 'class' }>, args: readonly Value[], site: CallSite): Value {
    if (this.frames.length > MAX_DEPTH) return unknown(site.callee);
    return instantiate(this, callee, args, site);
  }

  invoke(callee: FunctionValue, given: readonly Value[], site: CallSite): Value {
    this.tick();
    const { node } = callee;
    const depth = this.frames.filter((frame) => frame.function.node === node).length;
    const bound = callee.bound ? [...callee.bound, ...given] : given;
    const args = depth < MAX_RECURSION ? bound : bound.map((arg) => anyTurn(arg, site.callee));
    if (this.frames.length >= MAX_DEPTH)
      this.emit({ kind: 'undecided', reason: 'budget', expression: site.callee }, site);
    if (!node.body || depth > MAX_RECURSION || this.frames.length >= MAX_DEPTH)
      return unknown(site.callee, mergeFacts(...args.map((arg) => factsOf(arg))));
    const scope = new Scope(callee.scope, callee.self, true);
    const context: Context = { scope, module: callee.module };
    scope.declare('arguments', array([...args]));
    node.params.forEach((parameter, index) => {
      if (parameter.type === 'RestElement')
        this.bind(parameter.argument, array(args.slice(index)), context, scope);
      else if (parameter.type !== 'TSParameterProperty')
        this.bind(parameter, args[index] ?? UNDEFINED, context, scope);
    });
    const frame = frameOf(callee, siteOf(site.node, site.context.module), this.loops.length);
    this.frames.push(frame);
    const { exits } = this.journal;
    try {
      if (node.body.type !== 'BlockStatement') return this.evaluate(node.body, context);
      executeBlock(this, node.body.body, context);
    } finally {
      this.frames.pop();
      // A function that has returned early has assigned all the same to what stands around it.
      this.journal.rejoin(exits, () => true);
    }
    const isGenerator = node.type !== 'ArrowFunctionExpression' && node.generator;
    return isGenerator && !callee.isAsync ? frame.yields : choice(frame.returns);
  }

  emit(event: Parameters<Machine['emit']>[0], site: CallSite): void {
    const occurrence: Occurrence = {
      site: siteOf(site.node, site.context.module),
      frames: this.frames.map((frame) => frame.site),
      loops: [...this.loops],
    };
    this.#events.push({ ...event, ...occurrence });
  }

  tick(): void {
    if (++this.#steps > MAX_STEPS) throw new EvaluationLimitError(MAX_STEPS);
  }

  inLoop<T>(kind: LoopKind, body: () => T): T {
    this.loops.push(kind);
    try {
      return body();
    } finally {
      this.loops.pop();
    }
  }
}

/** In the last turn that is followed, a number stands for those of all later turns. */
function anyTurn(arg: Value, expression: string): Value {
  return arg.kind === 'constant' && typeof arg.value === 'number' ? unknown(expression) : arg;
}

/** `promise.then(callback)`: promises are transparent, so the callback gets the value itself. */
function thenCall(
  machine: Machine,
  self: Value | undefined,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value | undefined {
  const method = /\.(then|catch|finally)$/.exec(name)?.[1];
  if (!method || !self) return undefined;
  const [callback] = args;
  if (!callback || (callback.kind !== 'function' && callback.kind !== 'native')) return self;
  const result = machine.call(callback, method === 'then' ? [self] : [], site);
  return method === 'then' ? result : self;
}

function urlText(path: Value, base: Value): Value {
  if (path.kind !== 'text' || base.kind !== 'text') return UNDEFINED;
  const [relative] = path.parts;
  const [from] = base.parts;
  if (!relative || !from || !('text' in relative) || !('text' in from)) return unknown('URL');
  try {
    return text(decodeURIComponent(new URL(relative.text, from.text).pathname));
  } catch {
    return unknown('URL');
  }
}
