import type { BackfillDefinition } from '../definition/definition.js';
import type { BackfillLedger } from '../../ledger/backfill.ledger.js';
import { assertion } from '../../ledger/ledger.context.js';
import { assertLease, fence, renewal } from '../../ledger/lease/lease.sql.js';
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
    }${tenantEntry(definition, ledger, parameters)}, nb_entered AS (
      UPDATE ${ledger.schema}.range AS nb_range
      SET cursor_key = coalesce(${newCursor}, cursor_key), updated = updated + (SELECT changed FROM nb_counted),
          batches = batches + 1, ${renewal(ledger, parameters)}
      WHERE ${fence(parameters, range)} RETURNING lease_expires_at
    )
    SELECT (${taken})::text, (SELECT changed FROM nb_counted)::text,
      ${last === null ? 'NULL, NULL' : '(SELECT key FROM nb_last)::text, (SELECT nb_tenant FROM nb_last)'},
      ${assertLease(ledger, 'nb_entered')},
      ${assertion(ledger, '(SELECT still_pending FROM nb_counted) = 0', STILL_PENDING, 'rows still match the pending predicate after their change')}${
        whole
          ? `,
      ${assertion(ledger, `(SELECT changed FROM nb_counted) = ${taken}`, PARTLY_DONE, 'not every row was changed')}`
          : ''
      }`;
}

function tenantEntry(definition: BackfillDefinition, ledger: BackfillLedger, parameters: Parameters): string {
  if (!definition.tenant) return '';
  return `, nb_tenants AS (
      INSERT INTO ${ledger.schema}.tenant_progress AS nb_progress (name, version, tenant, updated)
      SELECT ${parameters.add(definition.name, 'text')}, ${parameters.add(definition.version, 'int')}, nb_tenant, count(*)
      FROM changed GROUP BY nb_tenant ORDER BY nb_tenant
      ON CONFLICT (name, version, (tenant IS NULL), (coalesce(tenant, ''))) DO UPDATE
      SET updated = nb_progress.updated + excluded.updated, last_touched_at = clock_timestamp()
    )`;
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
  const { definition, ledger } = selection;
  const parameters = selection.parameters();
  const name = parameters.add(definition.name, 'text');
  const version = parameters.add(definition.version, 'int');
  const wanted = parameters.add(JSON.stringify(keys), 'jsonb');
  return {
    text: `WITH nb_left AS MATERIALIZED (
        SELECT ${selection.keyJson} AS key FROM ${selection.fromKeys(keys, parameters)}
        WHERE ${selection.isPending(parameters)}
      ), nb_done AS MATERIALIZED (
        SELECT value AS key FROM jsonb_array_elements(${wanted}) EXCEPT SELECT key FROM nb_left
      ), nb_struck AS (
        DELETE FROM ${ledger.schema}.skipped_row AS s USING nb_done
        WHERE s.name = ${name} AND s.version = ${version} AND s.key = nb_done.key
      ), nb_freed AS (
        DELETE FROM ${ledger.schema}.quarantined_row AS q USING nb_done
        WHERE q.name = ${name} AND q.version = ${version} AND q.key = nb_done.key
      )
      SELECT count(*)::text FROM nb_left`,
    values: parameters.values,
  };
}
