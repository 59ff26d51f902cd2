import { pageOf, startOfPage } from '../../../ledger/pages/page-position.js';
import type { LeasedRange } from '../../../ledger/range.js';
import { quoteIdentifier } from '../../../postgres/identifiers.js';
import type { Parameters } from '../../../postgres/parameters.js';
import type { Statement } from '../../../postgres/pipeline.js';
import { ROW, type TransformDefinition } from '../../definition/definition.js';
import type { KeyStep, SweepStep } from '../batch.js';
import { withLedgerEntry, type CursorMove, type LedgerEntryOptions } from '../batch-entry.js';
import type { LockMode } from '../batch.policy.js';
import { orderOf } from '../order/order.factory.js';
import { withClause } from '../order/sweep-order.js';
import type { RowSelection } from '../row-selection.js';
import { encodeChanges, type EncodedChanges } from './changes.encoder.js';
import type { RowChange } from './transform.row.js';

export interface WriteOptions {
  readonly cursor: CursorMove;
  /** @default 'locking' */
  readonly lockMode?: LockMode;
}

/**
 * The statements of `transform`. They read rows, and later write the rows that are still the version that was
 * read.
 */
export class TransformStatements {
  readonly #selection: RowSelection;
  readonly #definition: TransformDefinition;
  readonly #columns: string;

  /** @param columns the select list of the statements that read rows */
  constructor(selection: RowSelection, definition: TransformDefinition, columns: string) {
    this.#selection = selection;
    this.#definition = definition;
    this.#columns = columns;
  }

  read(range: LeasedRange, step: SweepStep): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const rows = orderOf(selection).rows(range, step, step.cursor, parameters);
    return {
      text: `${withClause(rows)}SELECT ${this.#columns} FROM ${selection.from}
      WHERE ${rows.condition}
      ORDER BY ${rows.orderBy} LIMIT ${rows.limit}`,
      values: parameters.values,
      typed: true,
    };
  }

  readByKey({ keys, lockTimeoutMs }: KeyStep): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    return {
      text: `SELECT ${this.#columns} FROM ${selection.fromKeys(keys, parameters)} WHERE ${selection.isPending(parameters)}
        ${lockTimeoutMs === null ? '' : `FOR NO KEY UPDATE OF ${ROW}`}`,
      values: parameters.values,
      typed: true,
    };
  }

  write(
    range: LeasedRange,
    changes: readonly RowChange[],
    { cursor, lockMode = 'locking' }: WriteOptions,
  ): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const encoded = encodeChanges(selection, this.#definition, changes, parameters);
    const isOptimistic = lockMode === 'optimistic';
    const change = isOptimistic ? this.#optimisticChange(encoded) : this.#lockingChange(encoded);
    const entry: LedgerEntryOptions = {
      cursor,
      ...(isOptimistic && { selectedCount: '(SELECT changed FROM nb_counted)', lastRow: null }),
      ...(selection.file !== null && { samePage: samePage(changes, parameters) }),
    };
    const text = `WITH ${change}, ${withLedgerEntry(selection, parameters, range, entry)}`;
    return { text, values: parameters.values };
  }

  #optimisticChange(encoded: EncodedChanges): string {
    return `nb_changed AS (
      ${this.#update(encoded, 'nb_new')} FROM ${encoded.from} WHERE ${this.#isVersionRead}
      RETURNING ${this.#selection.tenantText} AS nb_tenant, ${this.#stillPending}
    )`;
  }

  /** Skips rows that another session has locked, and rows that have a newer version. */
  #lockingChange(encoded: EncodedChanges): string {
    const selection = this.#selection;
    return `nb_selected AS MATERIALIZED (
      SELECT ${selection.identity}, nb_new.* FROM ${encoded.from} JOIN ${selection.from} ON ${this.#isVersionRead}
      FOR NO KEY UPDATE OF ${ROW} SKIP LOCKED
    ), nb_changed AS (
      ${this.#update(encoded, 'nb_selected')} FROM nb_selected WHERE ${selection.sameVersion('nb_selected')}
      RETURNING nb_selected.nb_tenant, ${this.#stillPending}
    )`;
  }

  /** @param source the alias that has the columns of `nb_new` */
  #update({ isPartial }: EncodedChanges, source: string): string {
    const { table, writes, touched } = this.#definition;
    const written = writes.map((column, at) => {
      const name = quoteIdentifier(column.databaseName);
      const value = `${source}.nb_new_${at + 1}::${this.#selection.facts.typeOf(column)}`;
      return isPartial[at]
        ? `${name} = CASE WHEN ${source}.nb_given_${at + 1} = 't' THEN ${value} ELSE ${ROW}.${name} END`
        : `${name} = ${value}`;
    });
    const assignments = [...written, ...touched.map(({ column, expression }) => `${column} = ${expression}`)];
    return `UPDATE ${table} AS ${ROW} SET ${assignments.join(', ')}`;
  }

  /** The row is the version that was read. The key is compared too, because PostgreSQL can reuse a ctid. */
  get #isVersionRead(): string {
    const { facts } = this.#selection;
    const isSameKey = this.#definition.key.map(
      (column, at) =>
        `${ROW}.${quoteIdentifier(column.databaseName)} ${facts.operator('=', [column])} nb_new.nb_new_key_${at + 1}::${facts.typeOf(column)}`,
    );
    return `${ROW}.ctid = nb_new.nb_new_ctid AND ${ROW}.xmin = nb_new.nb_new_xmin
        ${facts.hasChildTables ? `AND ${ROW}.tableoid = nb_new.nb_new_tableoid ` : ''}AND ${isSameKey.join(' AND ')}`;
  }

  get #stillPending(): string {
    return `(${this.#definition.pending.sql}) IS TRUE AS nb_still_pending, ${ROW}.ctid AS nb_new_row_id`;
  }
}

/** SQL aggregate for the number of rows whose new version is on one of the pages that the batch has read. */
function samePage(changes: readonly RowChange[], parameters: Parameters): string {
  const pages = changes.map(({ row }) => pageOf(row.ctid));
  const [first, last] = [pages.at(0) ?? 0, pages.at(-1) ?? 0];
  return `pg_catalog.count(*) FILTER (WHERE nb_new_row_id > ${parameters.add(startOfPage(first).ctid, 'tid')}
        AND nb_new_row_id <= ${parameters.add(startOfPage(last + 1).ctid, 'tid')})`;
}
