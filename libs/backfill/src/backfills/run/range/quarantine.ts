import type { Key, LeasedRange } from '../../../ledger/range.js';
import { boolean, nullable, text } from '../../../postgres/decoders.js';
import { sqlState, STILL_PENDING } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { applyBatchPolicy } from '../../../postgres/timeout-policy.js';
import { removeFromSkipped } from '../../batch/batch-entry.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { findFiredTriggers } from '../../plan/trigger.inspector.js';
import { StillPendingError, TooManyQuarantinedError } from '../../run.error.js';
import { describeFailure } from '../outcome/failure.js';

/** Maximum number of keys in one statement. */
const KEYS_PER_STATEMENT = 1_000;
/**
 * The rows are counted again when this part of them is new. A count reads all of them, so that a count after
 * each row would take quadratic time.
 */
const NEW_PART_BEFORE_COUNT = 1 / 16;
/** Maximum number of different errors in the message of `TooManyQuarantinedError`. */
const MAX_NAMED_ERRORS = 3;

/** Removes the rows from quarantine that are no longer pending because they were changed or deleted. */
export async function releaseNoLongerPending(session: Session, selection: RowSelection): Promise<void> {
  const { pace, name } = selection.definition;
  const { ledger, tenants } = selection;
  let keys = await ledger.quarantine.keys(session, tenants, null, KEYS_PER_STATEMENT);
  while (keys.length > 0) {
    await session.transaction([
      applyBatchPolicy(pace, pace.synchronousCommit, name),
      removeFromSkipped(selection, keys),
    ]);
    keys = await ledger.quarantine.keys(session, tenants, keys.at(-1) ?? null, KEYS_PER_STATEMENT);
  }
}

export interface QuarantinedRow {
  readonly key: Key;
  readonly error: unknown;
  /** The cursor that the same transaction records; null: the cursor does not move. */
  readonly cursor: Key | null;
}

/** Puts the rows that cannot be changed in quarantine, so that the run continues without them. */
export class Quarantine {
  readonly #selection: RowSelection;
  #size: number;
  /** The result of the last count. It includes the rows of other processes. */
  #counted: number;
  /** The triggers that the changes fire; null: not read yet. */
  #triggers: readonly string[] | null = null;

  constructor(selection: RowSelection, size: number) {
    this.#selection = selection;
    this.#size = this.#counted = size;
  }

  /** The number of rows in quarantine that this process knows of. */
  get size(): number {
    return this.#size;
  }

  /** @throws TooManyQuarantinedError if the quarantine then has more rows than `maxQuarantined` */
  async add(session: Session, range: LeasedRange, { key, error, cursor }: QuarantinedRow): Promise<void> {
    const { name, pace } = this.#selection.definition;
    const tenant = await this.#tenantOf(session, key);
    const { quarantine, ranges, progress } = this.#selection.ledger;
    const described = await this.#describe(session, error);
    const committed = await session.transaction([
      quarantine.add({ key, tenant, ...described }),
      ranges.moveCursor(range, cursor),
    ]);
    if (committed.at(0).value(boolean)) this.#size++;
    if (this.#isCountDue) this.#size = this.#counted = (await progress.counts(session, null)).quarantined;
    if (this.#size > pace.maxQuarantined)
      throw new TooManyQuarantinedError(name, pace.maxQuarantined, await this.#describeErrors(session));
  }

  /** The error, and the triggers of the table if one of them may have caused it. */
  async #describe(session: Session, error: unknown): Promise<ReturnType<typeof describeFailure>> {
    const described = describeFailure(error);
    const mayBeTrigger = error instanceof StillPendingError || sqlState(error) === STILL_PENDING;
    if (!mayBeTrigger) return described;
    this.#triggers ??= await findFiredTriggers(session, this.#selection.definition);
    if (this.#triggers.length === 0) return described;
    return { ...described, error: `${described.error}. Triggers of the table: ${this.#triggers.join(', ')}` };
  }

  get #isCountDue(): boolean {
    if (this.#size > this.#selection.definition.pace.maxQuarantined) return true;
    return this.#size - this.#counted >= Math.max(1, this.#counted * NEW_PART_BEFORE_COUNT);
  }

  async #tenantOf(session: Session, key: Key): Promise<string | null> {
    const { definition, from, tenantText } = this.#selection;
    const { pace, name, pending } = definition;
    const parameters = this.#selection.parameters();
    const result = await session.query(applyBatchPolicy(pace, pace.synchronousCommit, name), {
      // The predicate is part of the query only because PostgreSQL cannot infer the type of an unused
      // parameter.
      text: `SELECT ${tenantText}, (${pending.sql}) IS TRUE
          FROM ${from} WHERE ${this.#selection.compare('=', key, parameters)}`,
      values: parameters.values,
    });
    return result.firstValue(nullable(text)) ?? null;
  }

  /** The most frequent errors of the rows in quarantine, as a sentence. */
  async #describeErrors(session: Session): Promise<string> {
    const errors = await this.#selection.ledger.quarantine.commonErrors(session, MAX_NAMED_ERRORS);
    const [first] = errors;
    if (!first) return '';
    if (errors.length === 1) return `All ${first.rows} share one error: ${first.error}`;
    return `The most frequent errors: ${errors.map(({ error, rows }) => `${error} (${rows} rows)`).join('; ')}`;
  }
}
