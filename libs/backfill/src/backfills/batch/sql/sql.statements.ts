import type { Key, LeasedRange } from '../../../ledger/range.js';
import type { Parameters } from '../../../postgres/parameters.js';
import type { Statement } from '../../../postgres/pipeline.js';
import { ROW } from '../../definition/definition.js';
import { LEDGER_CURSOR, type SweepStep } from '../batch.js';
import { withLedgerEntry, type LedgerEntryOptions } from '../batch-entry.js';
import type { RowSelection } from '../row-selection.js';
import type { SqlChange } from './sql.change.js';

/** Where a sweep's batch starts; null: at the beginning of the table. */
export type SweepCursor = Key | null | typeof LEDGER_CURSOR;

/** The CTEs that select and change the rows, up to `nb_changed`, and the options for the ledger entry. */
interface BatchParts {
  readonly ctes: readonly string[];
  readonly entry: LedgerEntryOptions;
}

/** The conditions of a sweep's batch. */
interface SweepRows {
  /** The row is above the cursor. */
  readonly aboveCursor: string;
  readonly isPending: string;
  /** The row is above the cursor, in the window, and pending. */
  readonly condition: string;
  /** Maximum number of rows. */
  readonly limit: string;
}

type ChangeWhere = NonNullable<SqlChange['changedWhere']>;

/** The statements of `set`, `copy` and `purge`. */
export class SqlStatements {
  readonly #selection: RowSelection;
  readonly #change: SqlChange;

  constructor(selection: RowSelection, change: SqlChange) {
    this.#selection = selection;
    this.#change = change;
  }

  /** One batch of a sweep. */
  sweep(range: LeasedRange, step: SweepStep, cursor: SweepCursor): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const ledgerCursor = cursor === LEDGER_CURSOR ? [this.#ledgerCursor(range, parameters)] : [];
    const aboveCursor =
      cursor === LEDGER_CURSOR
        ? selection.compareTo('>', selection.keyColumnsOf('nb_from'))
        : selection.between(cursor, null, parameters);
    const isPending = selection.isPending(parameters, step);
    const inWindow = selection.between(null, step.windowUpper, parameters);
    const rows: SweepRows = {
      aboveCursor,
      isPending,
      condition: `${aboveCursor} AND ${inWindow} AND ${isPending}`,
      limit: parameters.add(step.limit, 'int'),
    };
    const parts = this.#sweepParts(rows, step, parameters);
    return this.#statement(range, parameters, { ...parts, ctes: [...ledgerCursor, ...parts.ctes] });
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

  #ledgerCursor(range: LeasedRange, parameters: Parameters): string {
    const selection = this.#selection;
    return `nb_from AS MATERIALIZED (
      ${selection.ledger.ranges.cursor(parameters, range, (json) => selection.keyFromJson(json))}
    )`;
  }

  #sweepParts(rows: SweepRows, step: SweepStep, parameters: Parameters): BatchParts {
    const { changedWhere } = this.#change;
    if (step.lockMode !== 'optimistic' || !changedWhere) return this.#lockingSweep(rows);
    if (step.isDense !== true) return this.#optimisticSweep(rows, changedWhere);
    const isPending = this.#selection.isPending(parameters, { ...step, predicate: 'opaque' });
    return this.#denseSweep({ ...rows, isPending }, changedWhere);
  }

  /**
   * Locks the next rows, skips rows that another session has locked, and changes the row versions that it has
   * locked.
   */
  #lockingSweep({ condition, limit }: SweepRows): BatchParts {
    const selection = this.#selection;
    const selected = `SELECT ${selection.identity} FROM ${selection.from}
      WHERE ${condition}
      ORDER BY ${selection.orderBy()} LIMIT ${limit}
      ${this.#lock} SKIP LOCKED`;
    return {
      ctes: this.#selectAndChange(selected),
      entry: { cursor: 'last', mustChangeAll: this.#change.mustChangeAll },
    };
  }

  /** Finds the end of the batch, then changes all pending rows up to there. */
  #optimisticSweep(rows: SweepRows, changedWhere: ChangeWhere): BatchParts {
    const selection = this.#selection;
    return {
      ctes: [
        `nb_selected AS MATERIALIZED (
      SELECT ${selection.identity} FROM ${selection.from}
      WHERE ${rows.condition}
      ORDER BY ${selection.orderBy()} LIMIT ${rows.limit}
    )`,
        `nb_end AS MATERIALIZED (
      ${this.#lastSelected}
    )`,
        this.#changeUpToEnd(rows, changedWhere),
      ],
      entry: { cursor: 'last', mustChangeAll: this.#change.mustChangeAll },
    };
  }

  /**
   * Like `#optimisticSweep`, for a batch that is expected to be full. It then selects only its last row
   * (`nb_full`), and `nb_selected` is empty. If there are fewer rows than the limit, `nb_full` is empty and
   * `nb_selected` contains them.
   */
  #denseSweep(rows: SweepRows, changedWhere: ChangeWhere): BatchParts {
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
        selectedCount: `CASE WHEN EXISTS (SELECT FROM nb_full) THEN ${limit} ELSE (SELECT count(*) FROM nb_selected) END`,
        lastRow: 'nb_end',
      },
    };
  }

  get #lastSelected(): string {
    return `(SELECT * FROM nb_selected ORDER BY ${this.#selection.identityOrder('DESC')} LIMIT 1)`;
  }

  #changeUpToEnd({ aboveCursor, isPending }: SweepRows, changedWhere: ChangeWhere): string {
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
