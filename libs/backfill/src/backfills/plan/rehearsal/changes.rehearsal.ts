import { installInTransaction } from '../../../ledger/ledger.installer.js';
import { requiredKey, type Key, type LeasedRange } from '../../../ledger/range.js';
import { json } from '../../../postgres/decoders.js';
import { messageOf } from '../../../postgres/error-classes.js';
import type { Parameters } from '../../../postgres/parameters.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import type { PreviewedRow, PreviewedValues } from '../../../report/preview.js';
import { BatchCodeError } from '../../batch/batch-code.error.js';
import { lockingPolicy } from '../../batch/batch.policy.js';
import { createBatchRunner } from '../../batch/batch-runner.factory.js';
import type { BatchRunner, SweepStep } from '../../batch/batch.js';
import { orderOf } from '../../batch/order/order.factory.js';
import { withClause } from '../../batch/order/sweep-order.js';
import type { PendingOptions, RowSelection } from '../../batch/row-selection.js';
import { ROW } from '../../definition/definition.js';
import { sampleOf, stepOf, type Sample } from './batch.rehearsal.js';
import { PLAN_TIMEOUTS } from './plan-timeouts.js';
import { hide, shownColumns, type ShownColumn } from './shown-columns.js';

const NONE_PENDING = 'No row is pending.';
const ONLY_CODE =
  'The code of `process` may have effects that a rollback does not undo, so it is run for no row. Try it with `rehearse` of nestjs-backfill/testing.';
const ALL_LOCKED = 'Other sessions have locked the first pending rows. Try again.';

export interface ChangesOptions extends PendingOptions {
  /** The schema of the ledger. */
  readonly schema: string;
  /** Maximum number of rows. */
  readonly rows: number;
}

/** Rows of a batch that was rolled back. */
export interface RehearsedChanges {
  readonly rows: readonly PreviewedRow[];
  /** Why there are no rows, or why they are not changed; null: nothing to say. */
  readonly problem: string | null;
}

/** The values of one row, and its key. */
interface ReadRow {
  readonly key: Key;
  readonly values: PreviewedValues;
}

/** Changes the first pending rows in a transaction that is rolled back, and reads them before and after. */
export async function rehearseChanges(
  session: Session,
  selection: RowSelection,
  { schema, rows, ...options }: ChangesOptions,
): Promise<RehearsedChanges> {
  const { ledger, definition } = selection;
  if (definition.kind === 'process') return { rows: [], problem: ONLY_CODE };
  const columns = shownColumns(definition);
  const sample = await sampleOf(session, selection, options);
  if (sample === null) return { rows: [], problem: NONE_PENDING };
  await session.begin([applyPolicy(PLAN_TIMEOUTS)]);
  try {
    await installInTransaction(session, schema);
    await ledger.status.open(session, definition.kind);
    const range = await ledger.ranges.insertRehearsal(session, sample.range);
    const runner = createBatchRunner(sample.selection);
    const step: SweepStep = { ...stepOf(sample, runner), limit: rows, lockMode: 'locking' };
    const lock = definition.kind === 'purge' ? 'FOR UPDATE' : 'FOR NO KEY UPDATE';
    const reading = { range, step, columns };
    const before = await nextRows(session, sample, { ...reading, lock: `${lock} OF ${ROW} SKIP LOCKED` });
    if (before.length === 0) {
      const isLocked = (await nextRows(session, sample, { ...reading, lock: '' })).length > 0;
      return { rows: [], problem: isLocked ? ALL_LOCKED : NONE_PENDING };
    }
    if (definition.kind === 'copy')
      return { rows: before.map((row) => toInserted(columns, row)), problem: null };
    return await changeRows(session, selection, { runner, range, step, before, columns });
  } finally {
    await session.rollback();
  }
}

interface Change {
  readonly runner: BatchRunner;
  readonly range: LeasedRange;
  readonly step: SweepStep;
  readonly before: readonly ReadRow[];
  readonly columns: readonly ShownColumn[];
}

async function changeRows(
  session: Session,
  selection: RowSelection,
  { runner, range, step, before, columns }: Change,
): Promise<RehearsedChanges> {
  try {
    await runner.rehearse(session, range, { ...step, limit: before.length });
  } catch (error) {
    const cause = error instanceof BatchCodeError ? error.cause : error;
    return { rows: [], problem: messageOf(cause) };
  }
  const after = await readRows(session, selection, { keys: before.map(({ key }) => key), columns });
  const valuesAfter = new Map(after.map(({ key, values }) => [JSON.stringify(key), values]));
  const rows = before.map(({ key, values }) => ({
    key,
    ...hide(columns, values, valuesAfter.get(JSON.stringify(key)) ?? null),
  }));
  return { rows, problem: null };
}

/** @param options `lock`: keeps the rows locked, so that the batch selects the same ones */
async function nextRows(
  session: Session,
  { selection }: Sample,
  { range, step, columns, lock }: Pick<Change, 'range' | 'step' | 'columns'> & { readonly lock: string },
): Promise<readonly ReadRow[]> {
  const parameters = selection.parameters();
  const ordered = orderOf(selection).rows(range, step, step.cursor, parameters);
  return send(session, selection, {
    parameters,
    columns,
    text: (list) => `${withClause(ordered)}SELECT ${list} FROM ${selection.from}
      WHERE ${ordered.condition} ORDER BY ${ordered.orderBy} LIMIT ${ordered.limit} ${lock}`,
  });
}

/** @param request `keys`: the rows, pending or not */
async function readRows(
  session: Session,
  selection: RowSelection,
  { keys, columns }: { readonly keys: readonly Key[]; readonly columns: readonly ShownColumn[] },
): Promise<readonly ReadRow[]> {
  const parameters = selection.parameters();
  const from = selection.fromKeys(keys, parameters);
  return send(session, selection, { parameters, columns, text: (list) => `SELECT ${list} FROM ${from}` });
}

interface ReadStatement {
  readonly parameters: Parameters;
  readonly columns: readonly ShownColumn[];
  readonly text: (selectList: string) => string;
}

async function send(
  session: Session,
  selection: RowSelection,
  { parameters, columns, text: textOf }: ReadStatement,
): Promise<readonly ReadRow[]> {
  const values = columns.map(({ expression }) => `pg_catalog.left((${expression})::text, ${MAX_SHOWN + 1})`);
  const list = `${selection.keyJson}::text, pg_catalog.to_json(ARRAY[${values.join(', ')}]::text[])::text`;
  const { last } = await session.send([
    lockingPolicy(selection.definition),
    { text: textOf(list), values: parameters.values },
  ]);
  return last
    .all({ key: requiredKey, values: json<readonly (string | null)[]>() })
    .map((row) => ({ key: row.key, values: toValues(columns, row.values) }));
}

/** Characters of a value. */
const MAX_SHOWN = 200;

function toValues(columns: readonly ShownColumn[], values: readonly (string | null)[]): PreviewedValues {
  return Object.fromEntries(columns.map(({ name }, at) => [name, shorten(values[at] ?? null)]));
}

function shorten(value: string | null): string | null {
  if (value === null) return null;
  const characters = [...value];
  return characters.length > MAX_SHOWN ? `${characters.slice(0, MAX_SHOWN).join('')}…` : value;
}

function toInserted(columns: readonly ShownColumn[], { key, values }: ReadRow): PreviewedRow {
  return { key, before: null, after: hide(columns, values, null).before };
}
