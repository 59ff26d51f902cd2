import { keyToJson, type Key, type LeasedRange } from '../../ledger/range.js';
import type { Statement, TextRow } from '../../postgres/pipeline.js';
import { PARTLY_DONE, STILL_PENDING } from '../../postgres/error-classes.js';
import type { Parameters } from '../../postgres/parameters.js';
import type { BatchOutcome } from './batch.js';
import type { RowSelection } from './row-selection.js';

/** Where the cursor goes with a batch: to the last row that it took, to a given key, or nowhere. */
export type CursorMove = 'last' | Key | null;

export interface EntryOptions {
  readonly cursor: CursorMove;
  /** Refuse to commit unless every row that was taken was changed too. */
  readonly whole: boolean;
  /** How many rows it took, as SQL. @default those in the CTE `taken` */
  readonly taken?: string;
  /** The CTE with the identity of the last row that it took; null when who sends it knows the row. @default 'taken' */
  readonly last?: string | null;
}

/**
 * The ledger's part of a batch's statement: counters per tenant, the cursor, and the demands under which it may commit.
 * It stands behind the CTEs `taken` (identity of the rows held) and `changed` (`nb_tenant`, `nb_still_pending` of each row
 * changed). Since it is one statement with the change, nothing can come between them.
 */
export function withEntry(
  selection: RowSelection,
  parameters: Parameters,
  range: LeasedRange,
  { cursor, whole, taken = '(SELECT count(*) FROM taken)', last = 'taken' }: EntryOptions,
): string {
  const { definition, ledger } = selection;
  const newCursor =
    cursor === 'last' ? '(SELECT key FROM nb_last)' : parameters.add(keyToJson(cursor), 'jsonb');
  return `nb_counted AS (
      SELECT count(*) AS changed, count(*) FILTER (WHERE nb_still_pending) AS still_pending FROM changed
    )${
      last === null
        ? ''
        : `, nb_last AS (
      SELECT ${selection.identityJson} AS key, nb_tenant FROM ${last} ORDER BY ${selection.identityOrder('DESC')} LIMIT 1
    )`
    }${
      definition.tenant
        ? `, nb_tenants AS (
      ${ledger.progress.add(parameters)}
    )`
        : ''
    }, nb_entered AS (
      ${ledger.ranges.advance(parameters, range, { cursor: newCursor, updated: '(SELECT changed FROM nb_counted)' })}
    )
    SELECT (${taken})::text, (SELECT changed FROM nb_counted)::text,
      ${last === null ? 'NULL, NULL' : '(SELECT key FROM nb_last)::text, (SELECT nb_tenant FROM nb_last)'},
      ${ledger.leases.assert('nb_entered')},
      ${ledger.assert('(SELECT still_pending FROM nb_counted) = 0', STILL_PENDING, 'rows still match the pending predicate after their change')}${
        whole
          ? `,
      ${ledger.assert(`(SELECT changed FROM nb_counted) = ${taken}`, PARTLY_DONE, 'not every row was changed')}`
          : ''
      }`;
}

/** Reads what `withEntry` selects. */
export function toOutcome(row: TextRow | undefined): BatchOutcome {
  const [taken, changed, lastKey, tenant] = row ?? [];
  return {
    selected: Number(taken ?? 0),
    changed: Number(changed ?? 0),
    lastKey: lastKey ? (JSON.parse(lastKey) as string[]) : null,
    tenant: tenant ?? null,
  };
}

/**
 * Takes keys off the list of skipped rows, and out of quarantine, if their rows are not pending any more (changed by us, by the
 * application, or gone), and tells how many are left. A statement of its own: it must see what the batch has changed.
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
        SELECT value AS key FROM jsonb_array_elements(${wanted}) EXCEPT SELECT key FROM nb_left
      ), nb_struck AS (
        ${ledger.skipped.remove(parameters, 'nb_done')}
      ), nb_freed AS (
        ${ledger.quarantine.remove(parameters, 'nb_done')}
      )
      SELECT count(*)::text FROM nb_left`,
    values: parameters.values,
  };
}
