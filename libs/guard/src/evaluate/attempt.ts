import type { Evaluator } from './evaluator.js';
import { EvaluationLimitError } from './machine/evaluation-limit.error.js';

/** @returns undefined if the code takes too many steps to follow */
export function attempt<T>(evaluator: Evaluator, read: () => T): T | undefined {
  let found: T | undefined;
  evaluator.record(() => {
    try {
      found = read();
    } catch (error) {
      // A RangeError is a stack overflow.
      if (!(error instanceof EvaluationLimitError) && !(error instanceof RangeError)) throw error;
    }
  });
  return found;
}
