import type { BackfillReport } from '../report/report.js';
import { PROPERTIES } from './properties/all.properties.js';
import type { RehearsalProperty, RowChange } from './rehearsal.options.js';
import type { OpenStage } from './stage/open-stage.js';

/** A backfill that was run once on the given rows. @publicApi */
export class Rehearsal {
  readonly #onStage: OpenStage;
  /** The report of the run. */
  readonly report: BackfillReport;
  /** The rows that it has changed, in the order of their insertion. With `copy`, the rows that it has inserted. */
  readonly changes: readonly RowChange[];

  /** @internal */
  constructor(onStage: OpenStage, result: Pick<Rehearsal, 'report' | 'changes'>) {
    this.#onStage = onStage;
    this.report = result.report;
    this.changes = result.changes;
  }

  /**
   * Tries each property with runs of its own, each on the same rows.
   *
   * @param properties @default all: `isIdempotent`, `falsifiesWhere`, `isSameWhenKilled`, `isSameBesideWriter`,
   * `isSameInAnyBatchSize`, `leavesTheRestAlone`
   * @throws RehearsalError for the first property that does not hold: it names the property, the row and the batch
   */
  async holds(...properties: readonly RehearsalProperty[]): Promise<void> {
    await this.#onStage(async (stage) => {
      for (const property of properties.length > 0 ? properties : PROPERTIES) {
        await stage.restore();
        await property(stage);
      }
    });
  }
}
