import { sqlState } from '../../../../postgres/error-classes.js';
import { isStatementOfCode } from '../../../batch/batch-code.error.js';
import { CodeStatementError, FailingPredicateError, InvalidStatementError } from '../../../run.error.js';
import type { RangeContext } from '../range.context.js';
import type { RangeOutcome } from '../range.outcome.js';
import type { Sweep } from '../sweep/sweep.js';
import { endPageSweep } from './page-sweep.end.js';

/** Handles errors that occur again if the batch is repeated unchanged. */
export class BatchRecovery {
  readonly #context: RangeContext;
  readonly #sweep: Sweep;

  constructor(context: RangeContext, sweep: Sweep) {
    this.#context = context;
    this.#sweep = sweep;
  }

  /** Either the batch changes too many rows, or it reads too many keys before it finds a pending row. */
  async tooSlow(error: unknown): Promise<RangeOutcome | null> {
    const { state, pacer, tools } = this.#context;
    const isLowered = state.isInBatch && pacer.limit.lower();
    if (isLowered)
      tools.log.note(
        'warn',
        `A batch exceeded its statement timeout: batches have at most ${pacer.limit.rows} rows until enough of them were fast.`,
      );
    const isShortened = await this.#sweep.shortenWindow();
    if (isShortened || isLowered) return null;
    if (!state.isInBatch) return this.#pagesTooSlow(error);
    this.#sweep.isolateRow();
    return null;
  }

  /** In key order, a query can read fewer rows than a page has. */
  async #pagesTooSlow(error: unknown): Promise<RangeOutcome | null> {
    const { state, tools } = this.#context;
    const { range } = state;
    if (range.file === null) return this.#failingPredicate(error);
    await endPageSweep(this.#context, 'key-order');
    tools.log.note(
      'warn',
      `Searching one page of ${range.file.table} for pending rows takes too long. The sweep continues in key order.`,
    );
    return null;
  }

  poisonousRow(error: unknown): RangeOutcome | null {
    const { state, pacer } = this.#context;
    if (!state.isInBatch) return this.#failingPredicate(error);
    if (!pacer.limit.halve()) this.#sweep.isolateRow();
    return null;
  }

  programmingError(error: unknown): RangeOutcome {
    const { name } = this.#context.tools.selection.definition;
    const isFromDatabase = sqlState(error) !== undefined;
    if (isStatementOfCode(error)) return { kind: 'failed', error: new CodeStatementError(name, error) };
    return { kind: 'failed', error: isFromDatabase ? new InvalidStatementError(name, error) : error };
  }

  /**
   * The query that searches for the rows fails, not the change of a row. A repeated attempt would fail too.
   */
  #failingPredicate(error: unknown): RangeOutcome {
    const { name } = this.#context.tools.selection.definition;
    const Explained = isStatementOfCode(error) ? CodeStatementError : FailingPredicateError;
    return { kind: 'failed', error: new Explained(name, error) };
  }
}
