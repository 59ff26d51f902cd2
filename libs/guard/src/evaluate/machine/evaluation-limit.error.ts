/** Stops the evaluation of one migration; the check reports it as undecided and goes on. @internal */
export class EvaluationLimitError extends Error {
  constructor(readonly steps: number) {
    super(`more than ${String(steps)} steps`);
    this.name = 'EvaluationLimitError';
  }
}
