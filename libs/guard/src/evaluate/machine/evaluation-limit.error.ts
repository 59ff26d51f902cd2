/**
 * Stops the evaluation of one migration. The check reports `cannot-decide` and continues with the next one.
 * @internal
 */
export class EvaluationLimitError extends Error {
  constructor(readonly steps: number) {
    super(`more than ${String(steps)} steps`);
    this.name = 'EvaluationLimitError';
  }
}
