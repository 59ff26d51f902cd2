import { keyToJson, type Key, type LeasedRange } from '../../ledger/range.js';
import { json, nullable, number, text, type Columns } from '../../postgres/decoders.js';
import type { Statement } from '../../postgres/pipeline.js';
import type { StatementResult } from '../../postgres/statement-result.js';
import { OVER_LIMIT, PARTLY_DONE, STILL_PENDING } from '../../postgres/error-classes.js';
import type { Parameters } from '../../postgres/parameters.js';
import type { BatchOutcome } from './batch.js';
import type { RowSelection } from './row-selection.js';
import { clockMs, readClock, STATEMENT_START } from './server-clock.js';

/** Where the batch moves the range's cursor: to the last row that it selected, to a given key, or nowhere. */
export type CursorMove = 'last' | Key | null;

/** What a batch records in the ledger, and the conditions under which it commits. */
export interface LedgerEntryOptions {
  readonly cursor: CursorMove;
  /** The batch commits only if every selected row was changed. @default false */
  readonly mustChangeAll?: boolean;
  /** The placeholder of the number of rows above which the batch does not commit. @default no such number */
  readonly maxChanged?: string;
  /**
   * SQL expression for the number of rows that the batch selected. @default the row count of `nb_selected`
   */
  readonly selectedCount?: string;
  /**
   * The CTE that holds the last selected row; null if the caller already knows that row.
   * @default 'nb_selected'
   */
  readonly lastRow?: string | null;
  /**
   * The body of the CTE `nb_last`, which computes the next cursor (see `OrderedRows.nextCursor`). It may read the
   * numbers of `nb_counted`. @default the key of `lastRow`
   */
  readonly nextCursor?: string;
  /**
   * SQL aggregate over `nb_changed`: the number of rows whose new version is on a page that the batch has read.
   * @default not known
   */
  readonly samePage?: string;
}

/**
 * The last part of a batch's statement. It updates the cursor and the counters per tenant in the ledger, and
 * asserts the conditions for the commit. The preceding CTEs must define `nb_selected` (the `identity` of the
 * selected rows) and `nb_changed` (`nb_tenant`, `nb_still_pending` of each changed row). The row changes and
 * the ledger entry are one statement, so they have the same snapshot.
 */
export function withLedgerEntry(
  selection: RowSelection,
  parameters: Parameters,
  range: LeasedRange,
  {
    cursor,
    mustChangeAll = false,
    maxChanged,
    selectedCount = '(SELECT pg_catalog.count(*) FROM nb_selected)',
    lastRow = 'nb_selected',
    nextCursor,
    samePage,
  }: LedgerEntryOptions,
): string {
  const { definition, ledger } = selection;
  const newCursor =
    cursor === 'last' ? '(SELECT key FROM nb_last)' : parameters.add(keyToJson(cursor), 'jsonb');
  const ctes = [
    `nb_counted AS (
      SELECT pg_catalog.count(*) AS changed, pg_catalog.count(*) FILTER (WHERE nb_still_pending) AS still_pending${samePage ? `, ${samePage} AS same_page` : ''}
      FROM nb_changed
    )`,
  ];
  if (lastRow !== null) {
    ctes.push(`nb_last AS (
      ${nextCursor ?? `SELECT ${selection.identityJson} AS key, nb_tenant FROM ${lastRow} ORDER BY ${selection.identityOrder('DESC')} LIMIT 1`}
    )`);
  }
  if (definition.tenant) {
    ctes.push(`nb_tenants AS (
      ${ledger.progress.add(parameters)}
    )`);
  }
  ctes.push(`nb_entered AS (
      ${ledger.ranges.advance(parameters, range, { cursor: newCursor, updated: '(SELECT changed FROM nb_counted)' })}
    )`);
  const { file } = selection;
  const assertions = [
    ...(file ? [ledger.pages.assertFile(parameters, file)] : []),
    ledger.leases.assert('nb_entered'),
    ledger.assert(
      '(SELECT still_pending FROM nb_counted) = 0',
      STILL_PENDING,
      'rows still match the pending predicate after their change',
    ),
  ];
  if (maxChanged !== undefined) {
    const isWithin = `(SELECT changed FROM nb_counted) <= ${maxChanged}`;
    assertions.push(ledger.assert(isWithin, OVER_LIMIT, 'the pages have more rows than a batch may change'));
  }
  if (mustChangeAll) {
    const isAll = `(SELECT changed FROM nb_counted) = ${selectedCount}`;
    assertions.push(ledger.assert(isAll, PARTLY_DONE, 'not every row was changed'));
  }
  const last =
    lastRow === null ? 'NULL, NULL' : '(SELECT key FROM nb_last)::text, (SELECT nb_tenant FROM nb_last)';
  return `${ctes.join(', ')}
    SELECT (${selectedCount})::text, (SELECT changed FROM nb_counted)::text, ${last},
      ${samePage ? '(SELECT same_page FROM nb_counted)::text' : 'NULL'}, ${STATEMENT_START},
      ${assertions.join(',\n      ')}`;
}

/** The columns that `withLedgerEntry` selects. `startedAt` is the server's clock. */
const ENTERED: Columns<Omit<BatchOutcome, 'time'> & { readonly startedAt: number }> = {
  selected: number,
  changed: number,
  cursor: nullable(json<string[]>()),
  tenant: nullable(text),
  samePage: nullable(number),
  startedAt: clockMs,
};

/**
 * @param entered the result of a statement that ends with `withLedgerEntry`
 * @param clock the result of `READ_CLOCK`, which the same transaction ran after that statement
 */
export function toOutcome(entered: StatementResult, clock: StatementResult): BatchOutcome {
  const { startedAt, ...outcome } = entered.one(ENTERED);
  // A clock that was set back must not give a negative time.
  const ms = Math.max(0, readClock(clock) - startedAt);
  return { ...outcome, time: { serverMs: ms, lockedMs: ms, codeMs: 0 } };
}

/**
 * Removes keys from the list of skipped rows and from the quarantine if their rows are no longer pending,
 * i.e. the batch or the application has changed or deleted them. Returns the number of keys that are still
 * pending. It is a separate statement, because it must see the changes of the batch.
 */
export function removeFromSkipped(selection: RowSelection, keys: readonly Key[]): Statement {
  const { ledger } = selection;
  const parameters = selection.parameters();
  const wanted = parameters.add(JSON.stringify(keys), 'jsonb');
  return {
    text: `WITH nb_left AS MATERIALIZED (
        SELECT ${selection.keyJson} AS key FROM ${selection.fromKeys(keys, parameters)}
        WHERE ${selection.isPending(parameters)}
      ), nb_done AS MATERIALIZED (
        SELECT value AS key FROM pg_catalog.jsonb_array_elements(${wanted}) EXCEPT SELECT key FROM nb_left
      ), nb_unskipped AS (
        ${ledger.skipped.remove(parameters, 'nb_done')}
      ), nb_unquarantined AS (
        ${ledger.quarantine.remove(parameters, 'nb_done')}
      )
      SELECT pg_catalog.count(*)::text FROM nb_left`,
    values: parameters.values,
  };
}
