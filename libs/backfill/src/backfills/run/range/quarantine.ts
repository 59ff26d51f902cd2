import type { Key, LeasedRange } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import { applyBatchPolicy } from '../../../postgres/timeout-policy.js';
import { removeFromSkipped } from '../../batch/batch-entry.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { describeFailure } from '../outcome/failure.js';
import { TooManyQuarantinedError } from '../../run.error.js';

/** Keys that one statement looks at. */
const RELEASE_KEYS = 1_000;

/** Takes out of quarantine what is not pending any more, since somebody has done it by hand or deleted it. */
export async function releaseDone(session: Session, selection: RowSelection): Promise<void> {
  const { pace, name } = selection.definition;
  const { ledger, tenants } = selection;
  let keys = await ledger.quarantine.keys(session, tenants, null, RELEASE_KEYS);
  while (keys.length > 0) {
    await session.transaction([
      applyBatchPolicy(pace, pace.synchronousCommit, name),
      removeFromSkipped(selection, keys),
    ]);
    keys = await ledger.quarantine.keys(session, tenants, keys.at(-1) ?? null, RELEASE_KEYS);
  }
}

/** Sets rows aside that cannot be changed, so that they do not hold up the others. */
export class Quarantine {
  readonly #selection: RowSelection;
  #size: number;

  constructor(selection: RowSelection, size: number) {
    this.#selection = selection;
    this.#size = size;
  }

  /** Rows in it, as far as this process knows. */
  get size(): number {
    return this.#size;
  }

  /**
   * @param moveCursor past the row, for a sweep
   * @throws TooManyQuarantinedError when there are more than `maxQuarantined` now
   */
  async add(
    session: Session,
    range: LeasedRange,
    key: Key,
    error: unknown,
    moveCursor: boolean,
  ): Promise<void> {
    const { name, pace } = this.#selection.definition;
    const tenant = await this.#tenantOf(session, key);
    const { quarantine, ranges, progress } = this.#selection.ledger;
    await session.transaction([
      quarantine.add({ key, tenant, ...describeFailure(error) }),
      ranges.moveCursor(range, moveCursor ? key : null),
    ]);
    this.#size = (await progress.counts(session, null)).quarantined;
    if (this.#size > pace.maxQuarantined) {
      throw new TooManyQuarantinedError(name, pace.maxQuarantined, await this.#inCommon(session));
    }
  }

  async #tenantOf(session: Session, key: Key): Promise<string | null> {
    const { pace, name } = this.#selection.definition;
    const parameters = this.#selection.parameters();
    const { rows } = await session.transaction([
      applyBatchPolicy(pace, pace.synchronousCommit, name),
      {
        // The predicate is named so that its parameters have a use and a type.
        text: `SELECT ${this.#selection.tenantText}, (${this.#selection.definition.pending.sql}) IS TRUE
          FROM ${this.#selection.from} WHERE ${this.#selection.compare('=', key, parameters)}`,
        values: parameters.values,
      },
    ]);
    return rows[1]?.[0]?.[0] ?? null;
  }

  /** What the rows have in common, if they share an error. */
  async #inCommon(session: Session): Promise<string> {
    const errors = await this.#selection.ledger.quarantine.commonErrors(session, 3);
    const [first] = errors;
    if (!first) return '';
    if (errors.length === 1) return `All ${first.rows} share one error: ${first.error}`;
    return `The most frequent errors: ${errors.map(({ error, rows }) => `${error} (${rows} rows)`).join('; ')}`;
  }
}
