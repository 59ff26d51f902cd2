import { pageOf, startOfPage } from '../../../ledger/pages/page-position.js';
import type { LeasedRange } from '../../../ledger/range.js';
import { quoteIdentifier } from '../../../postgres/identifiers.js';
import { Parameters } from '../../../postgres/parameters.js';
import type { Statement } from '../../../postgres/pipeline.js';
import { ROW, type TransformDefinition } from '../../definition/definition.js';
import type { KeyStep, SweepStep } from '../batch.js';
import { withLedgerEntry, type CursorMove, type LedgerEntryOptions } from '../batch-entry.js';
import type { LockMode } from '../batch.policy.js';
import { orderOf } from '../order/order.factory.js';
import { boundAt } from '../order/region.js';
import { withClause } from '../order/sweep-order.js';
import type { RowSelection } from '../row-selection.js';
import { encodeChanges, type EncodedChanges } from './changes.encoder.js';
import { keyOfVersion } from './read-row.codec.js';
import type { PagesToRead } from './read-ahead.js';
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

  /** Reads all pending rows of some pages, in the order of their ctids, which are the first column. */
  readPages({ firstPage, endPage, limit, excludeQuarantined }: PagesToRead): Statement {
    const selection = this.#selection;
    const parameters = selection.parameters();
    const isInPages = orderOf(selection).isBetween(boundAt(firstPage), boundAt(endPage), parameters);
    const isPending = selection.isPending(parameters, { excludeQuarantined, predicate: 'opaque' });
    return {
      text: `SELECT ${this.#columns} FROM ${selection.from}
      WHERE ${isInPages} AND ${isPending}
      ORDER BY ${ROW}.ctid LIMIT ${parameters.add(limit, 'int')}`,
      values: parameters.values,
      typed: true,
    };
  }

  /**
   * Visits the pages of these rows, so that PostgreSQL removes the dead versions which earlier stripes have left
   * there. An update that finds its row by its ctid does not do that.
   */
  prune(changes: readonly RowChange[]): Statement {
    const selection = this.#selection;
    const parameters = new Parameters();
    const [first, last] = pagesOf(changes);
    const isInPages = orderOf(selection).isBetween(boundAt(first), boundAt(last + 1), parameters);
    return {
      text: `SELECT pg_catalog.count(*) FROM ${selection.from} WHERE ${isInPages}`,
      values: parameters.values,
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

  /**
   * The row is the version that was read. The key is compared too, because a rewrite of the table gives its versions
   * other ctids. In page order, the batch asserts that the file is the same.
   */
  get #isVersionRead(): string {
    const { facts } = this.#selection;
    const isSameKey = keyOfVersion(this.#selection).map(
      (column, at) =>
        `${ROW}.${quoteIdentifier(column.databaseName)} ${facts.operator('=', [column])} nb_new.nb_new_key_${at + 1}::${facts.typeOf(column)}`,
    );
    return [
      `${ROW}.ctid = nb_new.nb_new_ctid`,
      `${ROW}.xmin = nb_new.nb_new_xmin`,
      ...(facts.hasChildTables ? [`${ROW}.tableoid = nb_new.nb_new_tableoid`] : []),
      ...isSameKey,
    ].join(' AND ');
  }

  get #stillPending(): string {
    return `(${this.#definition.pending.sql}) IS TRUE AS nb_still_pending, ${ROW}.ctid AS nb_new_row_id`;
  }
}

/** SQL aggregate for the number of rows whose new version is on one of the pages that the batch has read. */
function samePage(changes: readonly RowChange[], parameters: Parameters): string {
  const [first, last] = pagesOf(changes);
  return `pg_catalog.count(*) FILTER (WHERE nb_new_row_id > ${parameters.add(startOfPage(first).ctid, 'tid')}
        AND nb_new_row_id <= ${parameters.add(startOfPage(last + 1).ctid, 'tid')})`;
}

/** The first and the last page of rows in the order of their ctids. */
function pagesOf(changes: readonly RowChange[]): [first: number, last: number] {
  return [pageOf(changes.at(0)?.row.ctid ?? '(0,0)'), pageOf(changes.at(-1)?.row.ctid ?? '(0,0)')];
}
