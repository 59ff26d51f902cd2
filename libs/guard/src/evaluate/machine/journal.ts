import { choice } from '../values/value.js';
import type { Value, Variable } from '../values/value.types.js';

export type Assignments = ReadonlyMap<Variable, Value | undefined>;

/** The assignments of an arm that left early: by `break`, `continue`, `return` or `throw`. */
interface EarlyExit {
  readonly outcome: unknown;
  readonly assignments: Assignments;
}

export interface BranchRules<T> {
  /** Can the code after the branch run although no arm ran? */
  readonly isOptional: boolean;
  /** Does the code after the branch run after an arm with this outcome? */
  readonly continues: (outcome: T) => boolean;
}

const ALWAYS = (): boolean => true;

/**
 * Records assignments. Each arm of a branch starts from the same state, and the journal joins the states that
 * the arms leave.
 */
export class Journal {
  /** The variables that the current arm has assigned, with the values that they had before. */
  #oldValues: Map<Variable, Value | undefined> | undefined;
  #changes = 0;
  #earlyExits: EarlyExit[] = [];

  /** Counts the joins that changed a variable. A loop body that causes one is run a second time. */
  get changes(): number {
    return this.#changes;
  }

  /** Does the current code belong to an arm of a branch? */
  get isBranching(): boolean {
    return this.#oldValues !== undefined;
  }

  assign(variable: Variable, value: Value): void {
    if (this.#oldValues && !this.#oldValues.has(variable)) this.#oldValues.set(variable, variable.value);
    variable.value = value;
    variable.compute = undefined;
  }

  /** The number of early exits so far: a mark for `joinExits`. */
  get exitMark(): number {
    return this.#earlyExits.length;
  }

  /**
   * Joins the assignments of arms that left early since the mark. So the effect of
   * `if (found) { done = true; break; }` is visible after the loop.
   * @param endsHere does an exit with this outcome end at the current place?
   */
  joinExits(mark: number, endsHere: (outcome: unknown) => boolean = ALWAYS): void {
    const remaining = this.#earlyExits.slice(0, mark);
    for (const exit of this.#earlyExits.slice(mark)) {
      if (endsHere(exit.outcome)) this.join(exit.assignments);
      else remaining.push(exit);
    }
    this.#earlyExits = remaining;
  }

  /** What the current arm has assigned so far. */
  assigned(): Assignments {
    return new Map([...(this.#oldValues?.keys() ?? [])].map((variable) => [variable, variable.value]));
  }

  /** Joins assignments that may have happened with the current values. */
  join(assignments: Assignments): void {
    for (const [variable, value] of assignments) {
      if (value === undefined) continue;
      const joined = variable.value === undefined ? value : choice([variable.value, value]);
      if (joined === variable.value) continue;
      this.#changes++;
      this.assign(variable, joined);
    }
  }

  /** Runs code that may not run. */
  maybe(body: () => unknown): void {
    this.branch([body], { isOptional: true, continues: ALWAYS });
  }

  /** Runs alternatives of which exactly one runs. */
  oneOf<T>(arms: readonly (() => T)[]): readonly T[] {
    return this.branch(arms, { isOptional: false, continues: ALWAYS });
  }

  /**
   * Runs each arm from the current state, then sets each assigned variable to the join of the states after
   * the arms.
   */
  branch<T>(arms: readonly (() => T)[], { isOptional, continues }: BranchRules<T>): readonly T[] {
    const outer = this.#oldValues;
    const before = new Map<Variable, Value | undefined>();
    const ends: Assignments[] = [];
    const outcomes: T[] = [];
    for (const arm of arms) {
      const { outcome, assignments } = this.#runArm(arm, before);
      outcomes.push(outcome);
      // An arm that leaves early affects the code after the loop, the function or the try block,
      // not the next statement.
      if (continues(outcome)) ends.push(assignments);
      else this.#earlyExits.push({ outcome, assignments });
    }
    this.#oldValues = outer;
    if (isOptional) ends.push(new Map());
    this.#joinArms(before, ends);
    return outcomes;
  }

  /** Runs one arm and restores the state that it started from. */
  #runArm<T>(
    arm: () => T,
    before: Map<Variable, Value | undefined>,
  ): { readonly outcome: T; readonly assignments: Assignments } {
    const oldValues = new Map<Variable, Value | undefined>();
    this.#oldValues = oldValues;
    const outcome = arm();
    const assignments = new Map<Variable, Value | undefined>();
    for (const [variable, old] of oldValues) {
      if (!before.has(variable)) before.set(variable, old);
      assignments.set(variable, variable.value);
      variable.value = old;
    }
    return { outcome, assignments };
  }

  #joinArms(before: Assignments, ends: readonly Assignments[]): void {
    for (const [variable, old] of before) {
      const values = ends
        .map((end) => (end.has(variable) ? end.get(variable) : old))
        .filter((value) => value !== undefined);
      if (values.length === 0) continue;
      const joined = choice(values);
      if (joined !== old) this.#changes++;
      this.assign(variable, joined);
    }
  }
}
