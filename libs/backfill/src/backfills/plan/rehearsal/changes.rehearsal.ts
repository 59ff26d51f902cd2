import { installInTransaction } from '../../../ledger/ledger.installer.js';
import type { LeasedRange } from '../../../ledger/range.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import type { PreviewedRow } from '../../../report/preview.js';
import { createBatchRunner } from '../../batch/batch-runner.factory.js';
import type { BatchRunner, SweepStep } from '../../batch/batch.js';
import type { PendingOptions, RowSelection } from '../../batch/row-selection.js';
import { sampleOf, stepOf } from './batch.rehearsal.js';
import { PLAN_TIMEOUTS } from './plan-timeouts.js';
import { changeEachRow, rehearsalProblem } from './row.changer.js';
import { nextRows, readRows, skippingLock, type ReadRow } from './rows.reader.js';
import { hide, shownColumns, type ShownColumn } from './shown-columns.js';

const NONE_PENDING = 'No row is pending.';
const NONE_OUTSIDE_QUARANTINE = 'No row is pending outside the quarantine.';
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

/** Changes the first pending rows in a transaction that is rolled back, and reads them before and after. */
export async function rehearseChanges(
  session: Session,
  selection: RowSelection,
  { schema, rows, ...options }: ChangesOptions,
): Promise<RehearsedChanges> {
  const { ledger, definition } = selection;
  if (definition.kind === 'process') return { rows: [], problem: ONLY_CODE };
  const columns = shownColumns(definition);
  const none = async () => {
    const quarantined = options.excludeQuarantined ? await ledger.quarantine.commonErrors(session, 1) : [];
    return quarantined.length > 0 ? NONE_OUTSIDE_QUARANTINE : NONE_PENDING;
  };
  const sample = await sampleOf(session, selection, options);
  if (sample === null) return { rows: [], problem: await none() };
  await session.begin([applyPolicy(PLAN_TIMEOUTS)]);
  try {
    await installInTransaction(session, schema, PLAN_TIMEOUTS);
    await ledger.status.open(session, definition.kind);
    const range = await ledger.ranges.insertRehearsal(session, sample.range);
    const runner = createBatchRunner(sample.selection);
    const step: SweepStep = { ...stepOf(sample, runner), limit: rows, lockMode: 'locking' };
    const reading = { range, step, columns };
    const lock = skippingLock(definition);
    const before = await nextRows(session, sample.selection, { ...reading, lock });
    if (before.length === 0) {
      const isLocked = (await nextRows(session, sample.selection, { ...reading, lock: '' })).length > 0;
      return { rows: [], problem: isLocked ? ALL_LOCKED : await none() };
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
  const keys = before.map(({ key }) => key);
  let failed: ReadonlyMap<string, string>;
  try {
    const rows = await changeEachRow(session, selection, { runner, range, step, keys });
    failed = new Map(rows.map(({ key, error }) => [JSON.stringify(key), error]));
  } catch (error) {
    return { rows: [], problem: rehearsalProblem(error) };
  }
  const after = await readRows(session, selection, { keys, columns });
  const valuesAfter = new Map(after.map(({ key, values }) => [JSON.stringify(key), values]));
  const rows = before.map(({ key, values }) => {
    const row = JSON.stringify(key);
    const error = failed.get(row) ?? null;
    return { key, ...hide(columns, values, error === null ? (valuesAfter.get(row) ?? null) : null), error };
  });
  return { rows, problem: null };
}

function toInserted(columns: readonly ShownColumn[], { key, values }: ReadRow): PreviewedRow {
  return { key, before: null, after: hide(columns, values, null).before, error: null };
}
