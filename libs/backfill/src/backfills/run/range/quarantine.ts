import type { Key, LeasedRange } from '../../../ledger/range.js';
import { nullable, text } from '../../../postgres/decoders.js';
import type { Session } from '../../../postgres/session.js';
import { applyBatchPolicy } from '../../../postgres/timeout-policy.js';
import { removeFromSkipped } from '../../batch/batch-entry.js';
import type { RowSelection } from '../../batch/row-selection.js';
import { TooManyQuarantinedError } from '../../run.error.js';
import { describeFailure } from '../outcome/failure.js';

/** Keys per statement. */
const RELEASED_KEYS = 1_000;
/** Different errors that the failure of the backfill names. */
const NAMED_ERRORS = 3;

/** Removes rows from quarantine that are no longer pending, because a person changed or deleted them. */
export async function releaseDone(session: Session, selection: RowSelection): Promise<void> {
  const { pace, name } = selection.definition;
  const { ledger, tenants } = selection;
  let keys = await ledger.quarantine.keys(session, tenants, null, RELEASED_KEYS);
  while (keys.length > 0) {
    await session.transaction([
      applyBatchPolicy(pace, pace.synchronousCommit, name),
      removeFromSkipped(selection, keys),
    ]);
    keys = await ledger.quarantine.keys(session, tenants, keys.at(-1) ?? null, RELEASED_KEYS);
  }
}

export interface QuarantinedRow {
  readonly key: Key;
  readonly error: unknown;
  /** Whether the same transaction moves the range's cursor to the row, as a sweep does. */
  readonly cursor: 'move' | 'keep';
}

/** Sets aside the rows that cannot be changed, so that the backfill continues without them. */
export class Quarantine {
  readonly #selection: RowSelection;
  #size: number;

  constructor(selection: RowSelection, size: number) {
    this.#selection = selection;
    this.#size = size;
  }

  /** Rows in quarantine, as far as this process knows. */
  get size(): number {
    return this.#size;
  }

  /** @throws TooManyQuarantinedError if more rows than `maxQuarantined` are in quarantine now */
  async add(session: Session, range: LeasedRange, { key, error, cursor }: QuarantinedRow): Promise<void> {
    const { name, pace } = this.#selection.definition;
    const tenant = await this.#tenantOf(session, key);
    const { quarantine, ranges, progress } = this.#selection.ledger;
    await session.transaction([
      quarantine.add({ key, tenant, ...describeFailure(error) }),
      ranges.moveCursor(range, cursor === 'move' ? key : null),
    ]);
    this.#size = (await progress.counts(session, null)).quarantined;
    if (this.#size > pace.maxQuarantined)
      throw new TooManyQuarantinedError(name, pace.maxQuarantined, await this.#describeErrors(session));
  }

  async #tenantOf(session: Session, key: Key): Promise<string | null> {
    const { definition, from, tenantText } = this.#selection;
    const { pace, name, pending } = definition;
    const parameters = this.#selection.parameters();
    const result = await session.query(applyBatchPolicy(pace, pace.synchronousCommit, name), {
      // The predicate is selected only because PostgreSQL cannot infer the types of unused parameters.
      text: `SELECT ${tenantText}, (${pending.sql}) IS TRUE
          FROM ${from} WHERE ${this.#selection.compare('=', key, parameters)}`,
      values: parameters.values,
    });
    return result.firstValue(nullable(text)) ?? null;
  }

  /** The most frequent errors of the rows in quarantine, as a sentence. */
  async #describeErrors(session: Session): Promise<string> {
    const errors = await this.#selection.ledger.quarantine.commonErrors(session, NAMED_ERRORS);
    const [first] = errors;
    if (!first) return '';
    if (errors.length === 1) return `All ${first.rows} share one error: ${first.error}`;
    return `The most frequent errors: ${errors.map(({ error, rows }) => `${error} (${rows} rows)`).join('; ')}`;
  }
}
