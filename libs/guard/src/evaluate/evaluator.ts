import type * as ast from 'oxc-parser';
import type { ModuleLoader } from '../source/module-loader.js';
import type { ParsedModule } from '../source/parsed-module.js';
import { construct } from './calls/constructions.js';
import { callPromiseMethod } from './calls/promise-calls.js';
import { callUnknown } from './calls/unknown-calls.js';
import { evaluateExpression } from './expressions/expressions.js';
import { memberOf } from './expressions/members.js';
import { bindPattern } from './expressions/patterns.js';
import { markUnused } from './machine/acting-calls.js';
import { EvaluationLimitError } from './machine/evaluation-limit.error.js';
import type { EvaluationEvent, LoopKind, Occurrence } from './machine/event.types.js';
import { frameOf, isGenerator } from './machine/frames.js';
import { Journal } from './machine/journal.js';
import { LexicalScope } from './machine/lexical-scope.js';
import type {
  CallSite,
  Completion,
  Context,
  Evaluable,
  EvaluatorOptions,
  EventDetails,
  Frame,
  Machine,
  MemberAccess,
  Use,
} from './machine/machine.types.js';
import { siteOf } from './machine/source-code.js';
import { importValue } from './modules/imports.js';
import { exportedValue } from './modules/module-exports.js';
import { moduleScope } from './modules/module-scope.js';
import { fileConstant } from './natives/file-natives.js';
import { callNative } from './natives/native-calls.js';
import { executeBlock } from './statements/blocks.js';
import { executeStatement } from './statements/statements.js';
import { OPAQUE, factsOfAll } from './values/facts.js';
import { UNDEFINED, array, choice, knownNumber, plain, unknown } from './values/value.js';
import type { FunctionValue, UnknownValue, Value } from './values/value.types.js';

/** The steps after which a migration counts as too large to follow. A large seed takes about ten thousand. */
const MAX_STEPS = 400_000;

const MAX_DEPTH = 60;

/** A function that calls itself is followed this many times. */
const MAX_RECURSION = 2;

/**
 * Follows the code of one migration without running it (an abstract interpretation). It takes every path that
 * the conditions leave open, each once, and records as an event what reaches the database.
 */
export class Evaluator implements Machine {
  readonly journal = new Journal();
  readonly frames: Frame[] = [];
  readonly loops: LoopKind[] = [];
  readonly acting = new WeakMap<object, Use>();
  #events: EvaluationEvent[] = [];
  #steps = 0;
  #doubt: string | undefined;
  readonly #conditions: string[] = [];
  #loads = 0;

  constructor(
    readonly loader: ModuleLoader,
    readonly options: EvaluatorOptions,
  ) {}

  /** Runs `work` from a clean state and returns the recorded events. */
  record(work: () => void): readonly EvaluationEvent[] {
    this.#events = [];
    this.#steps = 0;
    this.frames.length = 0;
    this.loops.length = 0;
    this.#conditions.length = 0;
    this.#loads = 0;
    work();
    return this.#events;
  }

  moduleContext(module: ParsedModule): Context {
    return { scope: moduleScope(this, module), module };
  }

  evaluate(node: Evaluable, context: Context): Value {
    return withFileConstant(evaluateExpression(this, node, context), context);
  }

  execute(node: ast.Statement, context: Context): Completion {
    return executeStatement(this, node, context);
  }

  member(target: Value, access: MemberAccess): Value {
    return withFileConstant(memberOf(this, target, access), access.context);
  }

  import(specifier: string, name: string, from: ParsedModule): Value {
    return importValue(this, specifier, name, from);
  }

  exported(module: ParsedModule, name: string): Value {
    return exportedValue(this, module, name);
  }

  call(callee: Value, args: readonly Value[], site: CallSite): Value {
    const call = { machine: this, args, site };
    switch (callee.kind) {
      case 'function':
        return this.invoke(callee, args, site);
      case 'native':
        return callPromiseMethod(callee, call) ?? callNative(callee, call);
      case 'choice':
        return choice(
          this.journal.oneOf(callee.options.map((option) => () => this.call(option, args, site))),
        );
      case 'unknown':
        return callUnknown(
          { name: nameOf(callee, site), expression: site.callee, facts: callee.facts },
          call,
        );
      case 'namespace':
        return this.call(this.exported(callee.module, 'default'), args, site);
      default:
        // The program would fail if the value really were undefined: it is set by code that is not followed.
        return callUnknown(
          { name: nameOf(unknown(site.callee), site), expression: site.callee, facts: OPAQUE },
          call,
        );
    }
  }

  construct(callee: Value, args: readonly Value[], site: CallSite): Value {
    return construct(callee, { machine: this, args, site });
  }

  invoke(callee: FunctionValue, given: readonly Value[], site: CallSite): Value {
    this.countStep();
    const depth = this.frames.filter((frame) => frame.function.node === callee.node).length;
    const all = callee.boundArguments ? [...callee.boundArguments, ...given] : given;
    const args = depth < MAX_RECURSION ? all : all.map((arg) => forgetNumber(arg, site.callee));
    if (this.frames.length >= MAX_DEPTH) {
      this.emit({ kind: 'undecided', reason: 'budget', expression: site.callee }, site);
      return uncalled(args, site);
    }
    return depth > MAX_RECURSION ? uncalled(args, site) : this.#run(callee, args, site);
  }

  #run(callee: FunctionValue, args: readonly Value[], site: CallSite): Value {
    const { node } = callee;
    if (!node.body) return uncalled(args, site);
    const context: Context = {
      scope: LexicalScope.function(callee.scope, callee.thisValue),
      module: callee.module,
    };
    if (node.type === 'FunctionExpression' && node.id) context.scope.declare(node.id.name, callee);
    this.#bindParameters(callee, args, context);
    const frame = frameOf(this, callee, site);
    this.frames.push(frame);
    const { exitMark } = this.journal;
    try {
      if (node.body.type !== 'BlockStatement') {
        if (frame.isActing) markUnused(this, node.body);
        return this.evaluate(node.body, context);
      }
      executeBlock(this, node.body.body, context);
    } finally {
      this.frames.pop();
      // Assignments to outer variables before an early return are visible to the caller.
      this.journal.joinExits(exitMark);
    }
    return isGenerator(callee) ? frame.yields : choice(frame.returns);
  }

  #bindParameters({ node }: FunctionValue, args: readonly Value[], context: Context): void {
    context.scope.declare('arguments', array([...args]));
    const binding = { machine: this, context };
    node.params.forEach((parameter, index) => {
      if (parameter.type === 'RestElement')
        bindPattern(parameter.argument, array(args.slice(index)), binding);
      else if (parameter.type !== 'TSParameterProperty')
        bindPattern(parameter, args[index] ?? UNDEFINED, binding);
    });
  }

  emit(event: EventDetails, site: CallSite): void {
    const occurrence: Occurrence = {
      site: siteOf(site.node, site.context.module),
      frames: this.frames.map((frame) => frame.site),
      loops: [...this.loops],
      ...(this.#doubt === undefined ? {} : { doubt: this.#doubt }),
      ...(this.#conditions.length === 0 ? {} : { underConditions: [...this.#conditions] }),
    };
    this.#events.push({ ...event, ...occurrence });
  }

  countStep(): void {
    if (++this.#steps > MAX_STEPS) throw new EvaluationLimitError(MAX_STEPS);
  }

  get isLoading(): boolean {
    return this.#loads > 0;
  }

  whileLoading<T>(body: () => T): T {
    this.#loads++;
    try {
      return body();
    } finally {
      this.#loads--;
    }
  }

  inDoubt<T>(condition: string, body: () => T): T {
    const outer = this.#doubt;
    this.#doubt ??= condition;
    try {
      return body();
    } finally {
      this.#doubt = outer;
    }
  }

  underCondition<T>(condition: string, body: () => T): T {
    this.#conditions.push(condition);
    try {
      return body();
    } finally {
      this.#conditions.pop();
    }
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

/** The name of an unknown function. What has no name, e.g. an item of a list, is named as it is called. */
function nameOf({ expression }: UnknownValue, { callee }: CallSite): string {
  if (/[)\s]/.test(expression))
    return /(?:^|\.)(?!(?:call|apply|then|catch|finally)$)([\w$]+)$/.exec(callee)?.[1] ?? '';
  return lastName(expression);
}

function lastName(expression: string): string {
  return /([\w$]+)\W*$/.exec(expression)?.[1] ?? expression;
}

/** `__dirname` and the like are natives whose value depends on the file. */
function withFileConstant(value: Value, context: Context): Value {
  return value.kind === 'native' && !value.receiver ? (fileConstant(value.name, context) ?? value) : value;
}

/** In the last recursive call that is followed, a number represents the numbers of all further calls. */
function forgetNumber(arg: Value, expression: string): Value {
  return knownNumber(arg) === undefined ? arg : plain(expression);
}

/** The result of a function that is not followed. */
function uncalled(args: readonly Value[], { callee }: CallSite): UnknownValue {
  return unknown(callee, factsOfAll(args));
}
