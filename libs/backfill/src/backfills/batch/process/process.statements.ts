import type { Key, LeasedRange } from '../../../ledger/range.js';
import { TRANSACTION_ENDED } from '../../../postgres/error-classes.js';
import { Parameters, rowsFromArrays } from '../../../postgres/parameters.js';
import type { Statement } from '../../../postgres/pipeline.js';
import { ROW, type ProcessDefinition } from '../../definition/definition.js';
import type { KeyStep, SweepStep } from '../batch.js';
import { withLedgerEntry } from '../batch-entry.js';
import { orderOf } from '../order/order.factory.js';
import { withClause } from '../order/sweep-order.js';
import type { RowSelection } from '../row-selection.js';

/** A locked row. */
export interface LockedRow {
  readonly key: Key;
  readonly ctid: string;
  readonly tenant: string | null;
  readonly entity: Record<string, unknown>;
}

/**
 * Sets a parameter for this transaction only. It is unset if the application's code has ended the
 * transaction.
 */
export const MARK_TRANSACTION: Statement = {
  text: "SELECT pg_catalog.set_config('nestjs_backfill.batch', 'open', true)",
};

/** The statements of `process`. */
export class ProcessStatements {
  readonly #selection: RowSelection;
  readonly #definition: ProcessDefinition;

  constructor(selection: RowSelection, definition: ProcessDefinition) {
    this.#selection = selection;
    this.#definition = definition;
  }

  /** Locks the next rows of a sweep, and skips rows that another session has locked. */
  lock(range: LeasedRange, step: SweepStep): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const rows = orderOf(selection).rows(range, step, step.cursor, parameters);
    return {
      text: `${withClause(rows)}SELECT ${this.#columns} FROM ${selection.from}
      WHERE ${rows.condition}
      ORDER BY ${rows.orderBy} LIMIT ${rows.limit}
      FOR NO KEY UPDATE OF ${ROW} SKIP LOCKED`,
      values: parameters.values,
      typed: true,
    };
  }

  lockByKey({ keys, lockTimeoutMs }: Pick<KeyStep, 'keys' | 'lockTimeoutMs'>): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    return {
      text: `SELECT ${this.#columns} FROM ${selection.fromKeys(keys, parameters)}
          WHERE ${selection.isPending(parameters)}
          FOR NO KEY UPDATE OF ${ROW} ${lockTimeoutMs === null ? 'SKIP LOCKED' : ''}`,
      values: parameters.values,
      typed: true,
    };
  }

  /**
   * Fails with an error of the class `file-replaced` if the locked rows are of another file than the range. The
   * code has not run yet.
   */
  assertFile(): Statement[] {
    const { file, ledger } = this.#selection;
    if (file === null) return [];
    const parameters = new Parameters();
    return [{ text: `SELECT ${ledger.pages.assertFile(parameters, file)}`, values: parameters.values }];
  }

  /** Fails with TRANSACTION_ENDED if the code has ended the batch's transaction. */
  assertOpen(): Statement {
    const isMarked = "pg_catalog.current_setting('nestjs_backfill.batch', true) IS NOT DISTINCT FROM 'open'";
    return {
      text: `SELECT ${this.#selection.ledger.assert(isMarked, TRANSACTION_ENDED, 'the transaction was ended')}`,
    };
  }

  /** The ledger entry. It counts every locked row as changed; `countPending` verifies this. */
  entry(range: LeasedRange, rows: readonly LockedRow[], cursor: Key | null): Statement {
    const parameters = new Parameters();
    const { key } = this.#definition;
    const keys = key.map((_, at) => parameters.addArray(rows.map((row) => row.key[at] ?? null)));
    const tenants = parameters.addArray(rows.map(({ tenant }) => tenant));
    const names = key.map((_, at) => `nb_text_${at + 1}`);
    const columns = key.map(
      (column, at) => `${names[at]}::${this.#selection.facts.typeOf(column)} AS nb_key_${at + 1}`,
    );
    return {
      text: `WITH nb_selected AS MATERIALIZED (
          SELECT ${columns.join(', ')}, nb_tenant FROM ${rowsFromArrays([...keys, tenants])} AS nb_locked (${[...names, 'nb_tenant'].join(', ')})
        ), nb_changed AS (
          SELECT nb_tenant, false AS nb_still_pending FROM nb_selected
        ), ${withLedgerEntry(this.#selection, parameters, range, { cursor })}`,
      values: parameters.values,
    };
  }

  countPending(rows: readonly LockedRow[]): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const keys = rows.map(({ key }) => key);
    return {
      text: `SELECT pg_catalog.count(*)::text FROM ${selection.fromKeys(keys, parameters)} WHERE ${selection.isPending(parameters)}`,
      values: parameters.values,
    };
  }

  get #columns(): string {
    const selection = this.#selection;
    return `${selection.keyJson}::text, ${selection.tenantText}, ${ROW}.ctid::text, ${selection.readColumns(this.#definition)}`;
  }
}
