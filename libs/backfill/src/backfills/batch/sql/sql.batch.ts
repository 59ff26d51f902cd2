import type { LeasedRange } from '../../../ledger/range.js';
import { number } from '../../../postgres/decoders.js';
import type { PipelineResult, Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import {
  LEDGER_CURSOR,
  type BatchOutcome,
  type BatchRunner,
  type KeyOutcome,
  type KeyStep,
  type SweepStep,
} from '../batch.js';
import { removeFromSkipped, toOutcome } from '../batch-entry.js';
import { lockingPolicy, rehearsalPolicy, sweepPolicy, waitingPolicy } from '../batch.policy.js';
import type { CascadeMeter } from '../cascade/cascade.meter.js';
import { analyzed, explainedBatch, type ExplainedBatch } from '../explained-batch.js';
import type { RowSelection } from '../row-selection.js';
import { endOfBatch } from '../server-clock.js';
import type { SqlChange } from './sql.change.js';
import type { SweepCursor } from '../order/sweep-order.js';
import { SqlStatements } from './sql.statements.js';

/**
 * `set`, `copy` and `purge`: a batch is one statement, sent together with its transaction in one round trip.
 */
export class SqlBatchRunner implements BatchRunner {
  readonly maxInFlight: number;
  readonly canBeOptimistic: boolean;
  readonly canBeUnselected: boolean;
  readonly #selection: RowSelection;
  readonly #statements: SqlStatements;

  constructor(selection: RowSelection, change: SqlChange) {
    this.canBeOptimistic = change.changedWhere !== undefined;
    this.canBeUnselected = this.canBeOptimistic && selection.file !== null && change.updatesRows === true;
    this.#selection = selection;
    // The bound of a batch is what the batches before it have left.
    this.maxInFlight = selection.facts.cascades?.isAccepted === false ? 1 : 16;
    this.#statements = new SqlStatements(selection, change);
  }

  async sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    // The text is the same as in `pipelineSweep`, which needs a statement that is already prepared.
    const isInLedger = step.cursor !== null || this.#selection.file !== null;
    const cursor = isInLedger ? LEDGER_CURSOR : null;
    return this.#outcome(await session.transaction(this.#sweep(range, step, cursor)));
  }

  pipelineSweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null {
    const pipeline = session.pipelineTransaction(this.#sweep(range, step, LEDGER_CURSOR));
    return pipeline && pipeline.then((result) => this.#outcome(result));
  }

  async rehearse(
    session: Session,
    range: LeasedRange,
    step: SweepStep,
    maxMs: number,
  ): Promise<BatchOutcome> {
    const policy = rehearsalPolicy(this.#selection.definition, maxMs);
    const batch = this.preview(range, step);
    return this.#outcome(
      await session.send([...this.#before, policy, batch, ...this.#counted, ...this.#end]),
    );
  }

  async explain(
    session: Session,
    range: LeasedRange,
    step: SweepStep,
    maxMs: number,
  ): Promise<ExplainedBatch> {
    const policy = rehearsalPolicy(this.#selection.definition, maxMs);
    return explainedBatch((await session.send([policy, analyzed(this.preview(range, step))])).last);
  }

  preview(range: LeasedRange, step: SweepStep): Statement {
    return this.#statements.sweep(range, step, step.cursor);
  }

  async byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome> {
    const { definition } = this.#selection;
    const waiting =
      step.lockTimeoutMs === null
        ? []
        : [waitingPolicy(definition, step.lockTimeoutMs), this.#statements.lockRows(step.keys)];
    const result = await session.transaction([
      ...this.#before,
      ...waiting,
      lockingPolicy(definition),
      this.#statements.byKey(range, step.keys, step.cursor),
      ...this.#after,
      removeFromSkipped(this.#selection, step.keys),
      ...this.#end,
    ]);
    const at = this.#before.length + waiting.length + 1;
    const stillPending = result.at(at + 1 + this.#after.length).value(number);
    return { ...this.#outcome(result, at), stillPending };
  }

  async waitForTables(session: Session, range: LeasedRange): Promise<void> {
    const emptyBatch = this.#statements.byKey(range, [], null);
    await session.begin([waitingPolicy(this.#selection.definition), emptyBatch]);
    await session.rollback();
  }

  #sweep(range: LeasedRange, step: SweepStep, cursor: SweepCursor): Statement[] {
    const policy = sweepPolicy(this.#selection.definition, step.lockMode);
    return [
      ...this.#before,
      policy,
      this.#statements.sweep(range, step, cursor),
      ...this.#after,
      ...this.#end,
    ];
  }

  /** @param at the index of the statement that changed the rows */
  #outcome(result: PipelineResult, at = this.#before.length + 1): BatchOutcome {
    const outcome = toOutcome(result.at(at), result.last);
    this.#cascades?.add(result, { before: 0, after: at + 1 }, outcome.changed);
    return outcome;
  }

  get #cascades(): CascadeMeter | null {
    return this.#selection.facts.cascades;
  }

  /** Counts the rows that the changes take along. */
  get #before(): Statement[] {
    return this.#cascades === null ? [] : [this.#cascades.before()];
  }

  get #after(): Statement[] {
    return this.#cascades === null ? [] : [this.#cascades.after(this.#selection.ledger)];
  }

  /** For a batch that is rolled back, which may take any number of rows along. */
  get #counted(): Statement[] {
    return this.#cascades === null ? [] : [this.#cascades.after(null)];
  }

  get #end(): Statement[] {
    return endOfBatch(this.#selection.facts);
  }
}
