import { sqlState } from '../../../../postgres/error-classes.js';
import { FailingPredicateError, InvalidStatementError } from '../../../run.error.js';
import type { RangeContext } from '../range.context.js';
import type { RangeOutcome } from '../range.outcome.js';
import type { Sweep } from '../sweep.js';

/** Handles errors that repeat until the batch itself changes. */
export class BatchRecovery {
  readonly #context: RangeContext;
  readonly #sweep: Sweep;

  constructor(context: RangeContext, sweep: Sweep) {
    this.#context = context;
    this.#sweep = sweep;
  }

  /** Either the batch has too many rows, or the next pending row is too far away for one statement. */
  async tooSlow(error: unknown): Promise<RangeOutcome | null> {
    const { state, pacer, tools } = this.#context;
    const isLowered = state.isInBatch && pacer.limit.lower();
    if (isLowered)
      tools.log.note(
        'warn',
        `A batch exceeded its statement timeout: batches have at most ${pacer.limit.rows} rows from now on.`,
      );
    const isShortened = await this.#sweep.shortenWindow();
    if (isShortened || isLowered) return null;
    if (!state.isInBatch) return this.#predicateFails(error);
    this.#sweep.isolateRow();
    return null;
  }

  poisonousRow(error: unknown): RangeOutcome | null {
    const { state, pacer } = this.#context;
    if (!state.isInBatch) return this.#predicateFails(error);
    if (!pacer.limit.halve()) this.#sweep.isolateRow();
    return null;
  }

  programmingError(error: unknown): RangeOutcome {
    const { name } = this.#context.tools.selection.definition;
    const isFromDatabase = sqlState(error) !== undefined;
    return { kind: 'failed', error: isFromDatabase ? new InvalidStatementError(name, error) : error };
  }

  /** The query that finds the rows fails, not the change of a row: each attempt would fail. */
  #predicateFails(error: unknown): RangeOutcome {
    const { name } = this.#context.tools.selection.definition;
    return { kind: 'failed', error: new FailingPredicateError(name, error) };
  }
}
