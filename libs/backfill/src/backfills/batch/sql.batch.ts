import type { LeasedRange } from '../../ledger/range.js';
import type { Statement } from '../../sql/flight.js';
import type { Session } from '../../sql/session.js';
import { applyBatchPolicy } from '../../sql/timeout-policy.js';
import type { CopyDefinition, PurgeDefinition, SetDefinition } from '../declare/definition.js';
import { ROW } from '../declare/definition.js';
import type { BatchOutcome, BatchRunner, KeyOutcome, KeyStep, SweepStep } from './batch.js';
import { strikeOff, toOutcome, withEntry, type EntryOptions } from './batch-entry.js';
import type { RowLock, RowSelection } from './row-selection.js';

/** What a kind does with the rows in the CTE `taken`, as the body of the CTE `changed`. */
export interface SqlChange {
  readonly lock: RowLock;
  /** Refuse to commit unless every row that was taken was changed too. */
  readonly whole: boolean;
  /** CTEs that `body` refers to. */
  readonly before?: string;
  readonly body: string;
}

/** `set`, `copy` and `purge`: a batch is one statement, sent with its transaction in one round trip. */
export class SqlBatchRunner implements BatchRunner {
  readonly #selection: RowSelection;
  readonly #change: SqlChange;

  constructor(selection: RowSelection, change: SqlChange) {
    this.#selection = selection;
    this.#change = change;
  }

  async sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    const { rows } = await session.transaction([this.#policy(), this.preview(range, step)]);
    return toOutcome(rows[1]?.[0]);
  }

  async rehearse(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    const { rows } = await session.send([this.#policy(), this.preview(range, step)]);
    return toOutcome(rows[1]?.[0]);
  }

  preview(range: LeasedRange, step: SweepStep): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const taken = `SELECT ${selection.identity} FROM ${selection.from}
      WHERE ${selection.between(step.cursor, step.windowUpper, parameters)} AND ${selection.isDue(parameters, step.excludeQuarantined)}
      ORDER BY ${selection.orderBy()} LIMIT ${parameters.add(step.limit, 'int')}
      ${this.#change.lock} OF ${ROW} SKIP LOCKED`;
    return {
      text: this.#statement(taken, parameters, range, { cursor: 'last', whole: this.#change.whole }),
      values: parameters.values,
    };
  }

  async byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome> {
    const selection = this.#selection;
    const hold = step.wait === null ? [] : [this.#waitFor(step)];
    const parameters = selection.parameters();
    const taken = `SELECT ${selection.identity} FROM ${selection.fromKeys(step.keys, parameters)}
      WHERE ${selection.isDue(parameters, false)} ${this.#change.lock} OF ${ROW} SKIP LOCKED`;
    const text = this.#statement(taken, parameters, range, { cursor: step.cursor, whole: false });
    const { rows } = await session.transaction([
      this.#policy(step.wait),
      ...hold,
      { text, values: parameters.values },
      strikeOff(selection, step.keys),
    ]);
    return { ...toOutcome(rows.at(-2)?.[0]), left: Number(rows.at(-1)?.[0]?.[0] ?? 0) };
  }

  /** A statement of its own: the next one then sees the row as it is under the lock. */
  #waitFor(step: KeyStep): Statement {
    const parameters = this.#selection.parameters();
    return {
      text: `SELECT 1 FROM ${this.#selection.fromKeys(step.keys, parameters)}
        WHERE ${this.#selection.isDue(parameters, false)} ${this.#change.lock} OF ${ROW}`,
      values: parameters.values,
    };
  }

  #statement(
    taken: string,
    parameters: ReturnType<RowSelection['parameters']>,
    range: LeasedRange,
    options: EntryOptions,
  ): string {
    return `WITH taken AS MATERIALIZED (
      ${taken}
    ), ${this.#change.before ?? ''} changed AS (
      ${this.#change.body}
    ), ${withEntry(this.#selection, parameters, range, options)}`;
  }

  #policy(wait: number | null = null): Statement {
    const { pace } = this.#selection.definition;
    return applyBatchPolicy(
      wait === null ? pace : { ...pace, lockTimeout: wait },
      pace.synchronousCommit,
      this.#selection.definition.name,
    );
  }
}

/** `UPDATE … SET column = expression`. */
export function setChange(
  selection: RowSelection,
  { assignments, table, pending }: SetDefinition,
): SqlChange {
  return {
    lock: 'FOR NO KEY UPDATE',
    // A row that a trigger kept as it was, or whose new version this statement cannot see yet, is settled afterwards.
    whole: false,
    body: `UPDATE ${table} AS ${ROW} SET ${assignments.map(({ column, expression }) => `${column} = ${expression}`).join(', ')}
      FROM taken WHERE ${selection.sameVersion('taken')}
      RETURNING taken.nb_tenant, (${pending.sql}) IS TRUE AS nb_still_pending`,
  };
}

/** `INSERT INTO target … SELECT … ON CONFLICT DO NOTHING`. */
export function copyChange(selection: RowSelection, { assignments, target }: CopyDefinition): SqlChange {
  return {
    lock: 'FOR NO KEY UPDATE',
    // An INSERT cannot tell which source row a conflict kept out: then the batch is halved down to that row.
    whole: true,
    before: `nb_inserted AS (
      INSERT INTO ${target} (${assignments.map(({ column }) => column).join(', ')})
      SELECT ${assignments.map(({ expression }) => expression).join(', ')}
      FROM taken JOIN ${selection.from} ON ${selection.sameVersion('taken')}
      ON CONFLICT DO NOTHING RETURNING 1
    ),`,
    body: `SELECT nb_tenant, false AS nb_still_pending FROM taken LIMIT (SELECT count(*) FROM nb_inserted)`,
  };
}

/** `DELETE`. */
export function purgeChange(selection: RowSelection, { table }: PurgeDefinition): SqlChange {
  return {
    lock: 'FOR UPDATE',
    whole: false,
    body: `DELETE FROM ${table} AS ${ROW} USING taken WHERE ${selection.sameVersion('taken')}
      RETURNING taken.nb_tenant, false AS nb_still_pending`,
  };
}
