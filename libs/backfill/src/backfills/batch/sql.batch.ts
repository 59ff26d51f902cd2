import type { Statement } from '../../postgres/pipeline.js';
import type { Session } from '../../postgres/session.js';
import { applyBatchPolicy, type TimeoutPolicy } from '../../postgres/timeout-policy.js';
import type { CopyDefinition, PurgeDefinition, SetDefinition } from '../definition/definition.js';
import { ROW } from '../definition/definition.js';
import type { Key, LeasedRange } from '../../ledger/range.js';
import {
  optimisticPolicy,
  lockingPolicy,
  LEDGER_CURSOR,
  type BatchOutcome,
  type BatchRunner,
  type KeyOutcome,
  type KeyStep,
  type SweepStep,
} from './batch.js';
import { removeFromSkipped, toOutcome, withEntry, type EntryOptions } from './batch-entry.js';
import type { RowSelection } from './row-selection.js';
import { quoteIdentifier } from '../../postgres/identifiers.js';

/** How rows are locked: `FOR NO KEY UPDATE` does not block the foreign-key checks of other tables. */
export type RowLock = 'FOR NO KEY UPDATE' | 'FOR UPDATE';

/** What a kind does with the rows in the CTE `taken`, as the body of the CTE `changed`. */
export interface SqlChange {
  readonly lock: RowLock;
  /** Refuse to commit unless every row that was taken was changed too. */
  readonly whole: boolean;
  /** CTEs that `body` refers to. */
  readonly before?: string;
  readonly body: string;
  /** The same for rows that are found by a condition instead: what `locking: 'optimistic'` needs. */
  readonly bodyWhere?: (condition: string) => string;
}

type SweepCursor = Key | null | typeof LEDGER_CURSOR;

/** `set`, `copy` and `purge`: a batch is one statement, sent with its transaction in one round trip. */
export class SqlBatchRunner implements BatchRunner {
  readonly #selection: RowSelection;
  readonly #change: SqlChange;

  constructor(selection: RowSelection, change: SqlChange) {
    this.#selection = selection;
    this.#change = change;
  }

  get canBeOptimistic(): boolean {
    return this.#change.bodyWhere !== undefined;
  }

  async sweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    // The same statement as for `sweepAhead`, which can go ahead only with one that is prepared.
    const { rows } = await session.transaction(
      this.#batch(range, step, step.cursor === null ? null : LEDGER_CURSOR),
    );
    return toOutcome(rows[1]?.[0]);
  }

  pipelineSweep(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> | null {
    const flight = session.pipelineTransaction(this.#batch(range, step, LEDGER_CURSOR));
    return flight && flight.then(({ rows }) => toOutcome(rows[1]?.[0]));
  }

  async rehearse(session: Session, range: LeasedRange, step: SweepStep): Promise<BatchOutcome> {
    const { rows } = await session.send([
      this.#policy(this.#selection.definition.pace),
      this.preview(range, step),
    ]);
    return toOutcome(rows[1]?.[0]);
  }

  preview(range: LeasedRange, step: SweepStep): Statement {
    return this.#sweepStatement(range, step, step.cursor);
  }

  #batch(range: LeasedRange, step: SweepStep, cursor: SweepCursor): Statement[] {
    const { pace } = this.#selection.definition;
    const policy = step.lockMode === 'optimistic' ? optimisticPolicy(pace) : lockingPolicy(pace);
    return [this.#policy(policy), this.#sweepStatement(range, step, cursor)];
  }

  #sweepStatement(range: LeasedRange, step: SweepStep, cursor: SweepCursor): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const from =
      cursor === LEDGER_CURSOR
        ? `nb_from AS MATERIALIZED (
      ${selection.ledger.ranges.cursor(parameters, range, (json) => selection.keyFromJson(json))}
    ), `
        : '';
    const above =
      cursor === LEDGER_CURSOR
        ? selection.compareTo('>', selection.keyColumnsOf('nb_from'))
        : selection.between(cursor, null, parameters);
    const due = selection.isPending(parameters, step);
    const brief = step.lockMode === 'optimistic' ? this.#change.bodyWhere : undefined;
    const pending = `${above} AND ${selection.between(null, step.windowUpper, parameters)} AND ${due}`;
    const limit = parameters.add(step.limit, 'int');
    // Only the last row of a batch needs to be known where its rows are not locked, unless there are fewer of them.
    const full = brief && step.isDense === true;
    const taken = `SELECT ${full ? selection.keyAndTenant : selection.identity} FROM ${selection.from}
      WHERE ${full ? 'NOT EXISTS (SELECT FROM nb_full) AND ' : ''}${pending}
      ORDER BY ${selection.orderBy()} LIMIT ${limit}
      ${brief ? '' : `${this.#change.lock} OF ${ROW} SKIP LOCKED`}`;
    const head = full
      ? `nb_full AS MATERIALIZED (
      SELECT ${selection.keyAndTenant} ${selection.fromRowAt(pending, `${limit} - 1`)}
    ), taken`
      : 'taken';
    const change = brief
      ? {
          ...this.#change,
          before: `nb_end AS MATERIALIZED (
      ${full ? 'SELECT * FROM nb_full UNION ALL ' : ''}(SELECT * FROM taken ORDER BY ${selection.identityOrder('DESC')} LIMIT 1)
    ),`,
          body: brief(
            `${above} AND ${selection.compareTo('<=', selection.keyColumnsOf('nb_end'))}
        AND ${full ? selection.isPending(parameters, { ...step, predicate: 'opaque' }) : due}`,
          ),
        }
      : this.#change;
    const options: EntryOptions = {
      cursor: 'last',
      whole: change.whole,
      ...(full && {
        taken: `CASE WHEN EXISTS (SELECT FROM nb_full) THEN ${limit} ELSE (SELECT count(*) FROM taken) END`,
        last: 'nb_end',
      }),
    };
    return {
      text: this.#statement(`${from}${head}`, taken, change, parameters, range, options),
      values: parameters.values,
    };
  }

  async byKey(session: Session, range: LeasedRange, step: KeyStep): Promise<KeyOutcome> {
    const { pace } = this.#selection.definition;
    const hold =
      step.lockTimeoutMs === null
        ? []
        : [this.#policy({ ...pace, lockTimeout: step.lockTimeoutMs }), this.#waitFor(step)];
    const { rows } = await session.transaction([
      ...hold,
      this.#policy(lockingPolicy(pace)),
      this.#keysStatement(range, step.keys, step.cursor),
      removeFromSkipped(this.#selection, step.keys),
    ]);
    return { ...toOutcome(rows.at(-2)?.[0]), stillPending: Number(rows.at(-1)?.[0]?.[0] ?? 0) };
  }

  async waitForTables(session: Session, range: LeasedRange): Promise<void> {
    // A batch of no rows.
    const { pace } = this.#selection.definition;
    await session.begin([this.#policy(pace), this.#keysStatement(range, [], null)]);
    await session.rollback();
  }

  #keysStatement(range: LeasedRange, keys: readonly Key[], cursor: Key | null): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const taken = `SELECT ${selection.identity} FROM ${selection.fromKeys(keys, parameters)}
      WHERE ${selection.isPending(parameters)} ${this.#change.lock} OF ${ROW} SKIP LOCKED`;
    const options = { cursor, whole: false };
    const text = this.#statement('taken', taken, this.#change, parameters, range, options);
    return { text, values: parameters.values };
  }

  /** A statement of its own: the next one then sees the row as it is under the lock. */
  #waitFor(step: KeyStep): Statement {
    const parameters = this.#selection.parameters();
    return {
      text: `SELECT 1 FROM ${this.#selection.fromKeys(step.keys, parameters)}
        WHERE ${this.#selection.isPending(parameters)} ${this.#change.lock} OF ${ROW}`,
      values: parameters.values,
    };
  }

  #statement(
    head: string,
    taken: string,
    change: SqlChange,
    parameters: ReturnType<RowSelection['parameters']>,
    range: LeasedRange,
    options: EntryOptions,
  ): string {
    return `WITH ${head} AS MATERIALIZED (
      ${taken}
    ), ${change.before ?? ''} changed AS (
      ${change.body}
    ), ${withEntry(this.#selection, parameters, range, options)}`;
  }

  #policy(policy: TimeoutPolicy): Statement {
    const { pace, name } = this.#selection.definition;
    return applyBatchPolicy(policy, pace.synchronousCommit, name);
  }
}

/** `UPDATE … SET column = expression`. */
export function setChange(
  selection: RowSelection,
  { assignments, table, pending, tenant }: SetDefinition,
): SqlChange {
  const update = `UPDATE ${table} AS ${ROW} SET ${assignments.map(({ column, expression }) => `${column} = ${expression}`).join(', ')}`;
  const stillPending = `(${pending.sql}) IS TRUE AS nb_still_pending`;
  const tenantStays =
    !tenant || assignments.every(({ column }) => column !== quoteIdentifier(tenant.databaseName));
  return {
    lock: 'FOR NO KEY UPDATE',
    // A row that a trigger kept as it was, or whose new version this statement cannot see yet, is settled afterwards.
    whole: false,
    body: `${update} FROM taken WHERE ${selection.sameVersion('taken')} RETURNING taken.nb_tenant, ${stillPending}`,
    // The row's tenant is told from its new version here.
    ...(tenantStays && {
      bodyWhere: (condition) =>
        `${update} WHERE ${condition} RETURNING ${selection.tenantText} AS nb_tenant, ${stillPending}`,
    }),
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
    bodyWhere: (condition) =>
      `DELETE FROM ${table} AS ${ROW} WHERE ${condition} RETURNING ${selection.tenantText} AS nb_tenant, false AS nb_still_pending`,
  };
}
