import type { SqlParser } from 'nestjs-backfill-sql/tree';
import type { ParsedModule } from '../../source/parsed-module.js';
import { unitsOf, type CodeUnit } from './code-units.js';
import { earlyReturn, homeMethod, type HomeMethod } from './migration-code.js';
import type { ContractPart } from './move.types.js';
import type { SentCodeFinder } from './sent-code.js';

export interface MethodSource {
  readonly module: ParsedModule;
  readonly home: HomeMethod;
  readonly parser: SqlParser;
  readonly sentCode: SentCodeFinder;
}

/**
 * The statements that a migration runs, in their order: those of the method that changes rows, and those of `up`
 * before and behind its call of that method.
 */
export class MethodUnits {
  readonly all: readonly CodeUnit[];
  readonly #own: readonly CodeUnit[];
  readonly #source: MethodSource;
  /** `up`, if it calls the method. */
  readonly #caller: HomeMethod | undefined;

  constructor(source: MethodSource) {
    const { module, home, parser, sentCode } = source;
    this.#source = source;
    this.#own = unitsOf(module, home, parser, sentCode);
    const at = home.calledAt;
    this.#caller = at === undefined ? undefined : homeMethod(module, at);
    const outer = this.#caller && at !== undefined ? unitsOf(module, this.#caller, parser, sentCode) : [];
    this.all = [
      ...outer.filter(({ end }) => at !== undefined && end <= at),
      ...this.#own,
      ...outer.filter(({ start }) => at !== undefined && start > at),
    ];
  }

  /** The statements of the same method, which see the same variables. */
  beside(units: readonly CodeUnit[]): readonly CodeUnit[] {
    const isOwn = units.some((unit) => this.#own.includes(unit));
    return this.all.filter((unit) => this.#own.includes(unit) === isOwn);
  }

  /** Why a statement behind the moved ones cannot move into a migration of its own. */
  blockOf({ unit, pieces }: ContractPart): string | undefined {
    const { module, home } = this.#source;
    const line = String(module.source.positionAt(unit.start).line);
    const isOwn = this.#own.includes(unit);
    const method = isOwn ? home : this.#caller;
    if (!isOwn && (!pieces || method?.runner !== home.runner))
      return `line ${line} must run after it, and is in another method`;
    return method && earlyReturn(method.body, unit.start)
      ? `line ${line} must run after it, and the code before that line can return`
      : undefined;
  }
}
