import { choice, type Value } from '../values/value.js';

/** A variable. Module-level ones are computed when they are first read. */
export interface Cell {
  value: Value | undefined;
  compute?: (() => Value) | undefined;
}

/** Variables by name, with the scope around them. */
export class Scope {
  readonly #cells = new Map<string, Cell>();

  constructor(
    readonly parent?: Scope,
    /** What `this` is here; inherited from the parent when missing. */
    readonly self?: Value,
    /** A function's own scope, where `var` lands. */
    readonly isFunction = false,
  ) {}

  declare(name: string, value: Value): Cell {
    const cell: Cell = { value };
    this.#cells.set(name, cell);
    return cell;
  }

  declareLazy(name: string, compute: () => Value): void {
    this.#cells.set(name, { value: undefined, compute });
  }

  hasOwn(name: string): boolean {
    return this.#cells.has(name);
  }

  find(name: string): Cell | undefined {
    return this.#cells.get(name) ?? this.parent?.find(name);
  }

  names(): readonly string[] {
    return [...this.#cells.keys()];
  }

  thisValue(): Value | undefined {
    return this.self ?? this.parent?.thisValue();
  }

  functionScope(): Scope {
    return this.isFunction || !this.parent ? this : this.parent.functionScope();
  }
}

export type Assignments = ReadonlyMap<Cell, Value | undefined>;

/** What an arm had assigned when it left early: by `break`, `continue`, `return` or `throw`. */
interface Exit {
  readonly outcome: unknown;
  readonly end: Assignments;
}

/**
 * Remembers assignments, so that the arms of a branch each start from the same state and their outcomes are joined
 * afterwards.
 */
export class Journal {
  #writes: Map<Cell, Value | undefined> | undefined;
  #changes = 0;
  #exits: Exit[] = [];

  /** Counts joins that left a variable other than it was: a loop whose body does so is gone through once more. */
  get changes(): number {
    return this.#changes;
  }

  /** Is what runs now one arm of a branch, which may not be taken? */
  get isBranching(): boolean {
    return this.#writes !== undefined;
  }

  assign(cell: Cell, value: Value): void {
    if (this.#writes && !this.#writes.has(cell)) this.#writes.set(cell, cell.value);
    cell.value = value;
    cell.compute = undefined;
  }

  /** The place in time that `rejoin` goes back to. */
  get exits(): number {
    return this.#exits.length;
  }

  /** Joins what arms assigned that left early since then: `if (found) { done = true; break; }` shows behind the loop. */
  rejoin(since: number, leaves: (outcome: unknown) => boolean): void {
    const kept = this.#exits.slice(0, since);
    for (const exit of this.#exits.slice(since)) {
      if (leaves(exit.outcome)) this.join(exit.end);
      else kept.push(exit);
    }
    this.#exits = kept;
  }

  /** What the arm that is running has assigned so far. */
  assigned(): Assignments {
    return new Map([...(this.#writes?.keys() ?? [])].map((cell) => [cell, cell.value]));
  }

  /** Lets these assignments stand beside what stands now: they may have happened. */
  join(assignments: Assignments): void {
    for (const [cell, value] of assignments) {
      if (value === undefined) continue;
      const joined = cell.value === undefined ? value : choice([cell.value, value]);
      if (joined === cell.value) continue;
      this.#changes++;
      this.assign(cell, joined);
    }
  }

  /** Runs each arm from the present state, then leaves every written variable at the join of what the arms left. */
  branch<T>(
    arms: readonly (() => T)[],
    mayBeSkipped: (outcomes: readonly T[]) => boolean,
    reaches: (outcome: T) => boolean,
  ): readonly T[] {
    const outer = this.#writes;
    const before = new Map<Cell, Value | undefined>();
    const ends: Map<Cell, Value | undefined>[] = [];
    const outcomes: T[] = [];
    for (const arm of arms) {
      const writes = new Map<Cell, Value | undefined>();
      this.#writes = writes;
      const outcome = arm();
      outcomes.push(outcome);
      const end = new Map<Cell, Value | undefined>();
      for (const [cell, old] of writes) {
        if (!before.has(cell)) before.set(cell, old);
        end.set(cell, cell.value);
        cell.value = old;
      }
      // An arm that leaves early has no say in what comes next, but in what comes behind the loop, the function or the try.
      if (reaches(outcome)) ends.push(end);
      else this.#exits.push({ outcome, end });
    }
    this.#writes = outer;
    if (mayBeSkipped(outcomes)) ends.push(new Map());
    for (const [cell, old] of before) {
      const values = ends
        .map((end) => (end.has(cell) ? end.get(cell) : old))
        .filter((value) => value !== undefined);
      if (values.length === 0) continue;
      const joined = choice(values);
      if (joined !== old) this.#changes++;
      this.assign(cell, joined);
    }
    return outcomes;
  }
}
