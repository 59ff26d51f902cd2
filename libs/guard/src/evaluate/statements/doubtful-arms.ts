import type { Machine } from '../machine/machine.types.js';
import { likelyTruth } from '../values/truth.js';
import type { Value } from '../values/value.types.js';

/** One arm of a branch with an uncertain condition. */
export interface Arm {
  readonly test: Value;
  /** The code of the condition, for messages. */
  readonly code: string;
  /** The truth of the condition for which the arm runs. */
  readonly isTrue: boolean;
}

/**
 * Runs an arm. When the condition probably does not hold, e.g. `isMySQL()`, the guard cannot decide the data
 * changes in the arm: nothing proves that it is code for another database.
 */
export function armOf<T>(machine: Machine, { test, code, isTrue }: Arm, body: () => T): T {
  const likely = likelyTruth(test);
  return machine.underCondition(code, () =>
    likely === undefined || likely === isTrue ? body() : machine.inDoubt(code, body),
  );
}
