import type { Key, LeasedRange } from '../../../ledger/range.js';
import type { Parameters } from '../../../postgres/parameters.js';
import type { Statement } from '../../../postgres/pipeline.js';
import { ROW } from '../../definition/definition.js';
import type { SweepStep } from '../batch.js';
import { withLedgerEntry, type LedgerEntryOptions } from '../batch-entry.js';
import { orderOf } from '../order/order.factory.js';
import { SAME_PAGE } from '../order/page.order.js';
import type { OrderedRows, SweepCursor, SweepOrder, UnselectedRows } from '../order/sweep-order.js';
import type { RowSelection } from '../row-selection.js';
import type { SqlChange } from './sql.change.js';

/** The CTEs that select and change the rows, up to `nb_changed`, and the options for the ledger entry. */
interface BatchParts {
  readonly ctes: readonly string[];
  readonly entry: LedgerEntryOptions;
}

type ChangeWhere = NonNullable<SqlChange['changedWhere']>;

/** The statements of `set`, `copy` and `purge`. */
export class SqlStatements {
  readonly #selection: RowSelection;
  readonly #change: SqlChange;
  readonly #order: SweepOrder;

  constructor(selection: RowSelection, change: SqlChange) {
    this.#selection = selection;
    this.#change = change;
    this.#order = orderOf(selection);
  }

  /** One batch of a sweep. */
  sweep(range: LeasedRange, step: SweepStep, cursor: SweepCursor): Statement {
    const parameters = this.#selection.parameters();
    const rows = this.#order.rows(range, step, cursor, parameters);
    const parts = this.#sweepParts(rows, step, parameters);
    return this.#statement(range, parameters, { ...parts, ctes: [...rows.ctes, ...parts.ctes] });
  }

  /** A batch of single rows. It skips rows that another session has locked. */
  byKey(range: LeasedRange, keys: readonly Key[], cursor: Key | null): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const selected = `SELECT ${selection.identity} FROM ${selection.fromKeys(keys, parameters)}
      WHERE ${selection.isPending(parameters)} ${this.#lock} SKIP LOCKED`;
    return this.#statement(range, parameters, { ctes: this.#selectAndChange(selected), entry: { cursor } });
  }

  /**
   * Waits for row locks. It is a separate statement, so that the next statement takes its snapshot after the
   * rows are locked.
   */
  lockRows(keys: readonly Key[]): Statement {
    const parameters = this.#selection.parameters();
    return {
      text: `SELECT 1 FROM ${this.#selection.fromKeys(keys, parameters)}
        WHERE ${this.#selection.isPending(parameters)} ${this.#lock}`,
      values: parameters.values,
    };
  }

  get #lock(): string {
    return `${this.#change.rowLock} OF ${ROW}`;
  }

  #sweepParts(rows: OrderedRows, step: SweepStep, parameters: Parameters): BatchParts {
    const { changedWhere } = this.#change;
    if (step.lockMode !== 'optimistic' || !changedWhere) return this.#lockingSweep(rows);
    if (rows.unselected !== null) return this.#unselectedPageSweep(rows, rows.unselected, changedWhere);
    if (this.#selection.file !== null) return this.#optimisticPageSweep(rows, changedWhere);
    if (step.isDense !== true) return this.#optimisticSweep(rows, changedWhere);
    const isPending = this.#selection.isPending(parameters, { ...step, predicate: 'opaque' });
    return this.#denseSweep({ ...rows, isPending }, changedWhere);
  }

  /**
   * Locks the next rows, skips rows that another session has locked, and changes the row versions that it has
   * locked.
   */
  #lockingSweep(rows: OrderedRows): BatchParts {
    const selected = `${this.#select(rows)} ${this.#lock} SKIP LOCKED`;
    return { ctes: this.#selectAndChange(selected), entry: this.#entry(rows) };
  }

  /** Selects the next rows, then changes these row versions without a preceding lock. */
  #optimisticPageSweep(rows: OrderedRows, changedWhere: ChangeWhere): BatchParts {
    const isSelected = `${ROW}.ctid = ANY(ARRAY(SELECT nb_row_id FROM nb_selected))`;
    return {
      ctes: [
        `nb_selected AS MATERIALIZED (
      ${this.#select(rows)}
    )`,
        `nb_changed AS (
      ${changedWhere(`${isSelected} AND ${rows.isPending}`)}
    )`,
      ],
      entry: this.#entry(rows),
    };
  }

  /**
   * Changes all pending rows of its pages and stripe, which saves one pass over them. Rows that the change does
   * not reach, e.g. because a trigger reverts it, are found when the window is closed.
   */
  #unselectedPageSweep(
    { limit }: OrderedRows,
    { condition, nextCursor }: UnselectedRows,
    changedWhere: ChangeWhere,
  ): BatchParts {
    return {
      ctes: [
        `nb_changed AS (
      ${changedWhere(condition)}
    )`,
      ],
      entry: {
        cursor: 'last',
        maxChanged: limit,
        selectedCount: '(SELECT changed FROM nb_counted)',
        nextCursor,
        samePage: SAME_PAGE,
      },
    };
  }

  #select({ identity, condition, orderBy, limit }: OrderedRows): string {
    return `SELECT ${identity} FROM ${this.#selection.from}
      WHERE ${condition}
      ORDER BY ${orderBy} LIMIT ${limit}`;
  }

  #entry({ nextCursor }: OrderedRows): LedgerEntryOptions {
    const { mustChangeAll, updatesRows = false } = this.#change;
    const entry = { cursor: 'last', mustChangeAll } as const;
    if (nextCursor === null) return entry;
    const selectedCount = '(SELECT nb_count FROM nb_last)';
    return { ...entry, selectedCount, nextCursor, ...(updatesRows && { samePage: SAME_PAGE }) };
  }

  /** Finds the end of the batch, then changes all pending rows up to there. */
  #optimisticSweep(rows: OrderedRows, changedWhere: ChangeWhere): BatchParts {
    return {
      ctes: [
        `nb_selected AS MATERIALIZED (
      ${this.#select(rows)}
    )`,
        `nb_end AS MATERIALIZED (
      ${this.#lastSelected}
    )`,
        this.#changeUpToEnd(rows, changedWhere),
      ],
      entry: this.#entry(rows),
    };
  }

  /**
   * Like `#optimisticSweep`, for a batch that is expected to be full. It then selects only its last row
   * (`nb_full`), and `nb_selected` is empty. If there are fewer rows than the limit, `nb_full` is empty and
   * `nb_selected` contains them.
   */
  #denseSweep(rows: OrderedRows, changedWhere: ChangeWhere): BatchParts {
    const selection = this.#selection;
    const { condition, limit } = rows;
    return {
      ctes: [
        `nb_full AS MATERIALIZED (
      SELECT ${selection.keyAndTenant} ${selection.fromRowAt(condition, `${limit} - 1`)}
    )`,
        `nb_selected AS MATERIALIZED (
      SELECT ${selection.keyAndTenant} FROM ${selection.from}
      WHERE NOT EXISTS (SELECT FROM nb_full) AND ${condition}
      ORDER BY ${selection.orderBy()} LIMIT ${limit}
    )`,
        `nb_end AS MATERIALIZED (
      SELECT * FROM nb_full UNION ALL ${this.#lastSelected}
    )`,
        this.#changeUpToEnd(rows, changedWhere),
      ],
      entry: {
        cursor: 'last',
        mustChangeAll: this.#change.mustChangeAll,
        selectedCount: `CASE WHEN EXISTS (SELECT FROM nb_full) THEN ${limit} ELSE (SELECT pg_catalog.count(*) FROM nb_selected) END`,
        lastRow: 'nb_end',
      },
    };
  }

  get #lastSelected(): string {
    return `(SELECT * FROM nb_selected ORDER BY ${this.#selection.identityOrder('DESC')} LIMIT 1)`;
  }

  #changeUpToEnd({ aboveCursor, isPending }: OrderedRows, changedWhere: ChangeWhere): string {
    const selection = this.#selection;
    const upToEnd = selection.compareTo('<=', selection.keyColumnsOf('nb_end'));
    return `nb_changed AS (
      ${changedWhere(`${aboveCursor} AND ${upToEnd} AND ${isPending}`)}
    )`;
  }

  #selectAndChange(selected: string): string[] {
    return [
      `nb_selected AS MATERIALIZED (
      ${selected}
    )`,
      ...this.#change.ctes,
      `nb_changed AS (
      ${this.#change.changed}
    )`,
    ];
  }

  #statement(range: LeasedRange, parameters: Parameters, { ctes, entry }: BatchParts): Statement {
    const text = `WITH ${ctes.join(', ')}, ${withLedgerEntry(this.#selection, parameters, range, entry)}`;
    return { text, values: parameters.values };
  }
}
