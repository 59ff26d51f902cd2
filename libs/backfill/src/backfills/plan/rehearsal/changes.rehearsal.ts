import { installInTransaction } from '../../../ledger/ledger.installer.js';
import type { Session } from '../../../postgres/session.js';
import { applyPolicy } from '../../../postgres/timeout-policy.js';
import type { PreviewedRow } from '../../../report/preview.js';
import { createBatchRunner } from '../../batch/batch-runner.factory.js';
import type { SweepStep } from '../../batch/batch.js';
import type { PendingOptions, RowSelection } from '../../batch/row-selection.js';
import { sampleOf, stepOf } from './batch.rehearsal.js';
import { MAX_HELD_MS, PLAN_TIMEOUTS } from './plan-timeouts.js';
import { attempt, rehearsalProblem, tryEachRow, type RowsToTry } from './row.changer.js';
import { nextRows, nextUnlockedRows, readRows, setLockedRowsAside, type ReadRow } from './rows.reader.js';
import { hide, shownColumns, type ShownColumn } from './shown-columns.js';

const NONE_PENDING = 'No row is pending.';
const NONE_OUTSIDE_QUARANTINE = 'No row is pending outside the quarantine.';
const ONLY_CODE =
  'The code of `process` may have effects that a rollback does not undo, so it is run for no row. Try it with `rehearse` of nestjs-backfill/testing.';
const ROW_TOO_SLOW = `Its change takes longer than ${MAX_HELD_MS} ms, so it was cancelled: a preview locks no row for longer.`;
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
    const aside = await setLockedRowsAside(session, sample.selection, reading);
    if (definition.kind === 'copy') {
      const found = await nextUnlockedRows(session, sample.selection, reading);
      if (found.length > 0) return { rows: found.map((row) => toInserted(columns, row)), problem: null };
    } else {
      const batch = { selection: sample.selection, table: selection, runner, ...reading };
      const changed = await changeRows(session, batch);
      if (changed.rows.length > 0 || changed.problem !== null) return changed;
    }
    const isLocked =
      aside > 0 || (await nextRows(session, sample.selection, { ...reading, lock: '' })).length > 0;
    return { rows: [], problem: isLocked ? ALL_LOCKED : await none() };
  } finally {
    await session.rollback();
  }
}

/** If the rows cannot be changed together within a short time, each of them is changed by itself. */
async function changeRows(session: Session, batch: RowsToTry): Promise<RehearsedChanges> {
  try {
    const together = await attempt(session, () => changeTogether(session, batch));
    const rows = together.problem === null ? together.value : await changeSingly(session, batch);
    return { rows, problem: null };
  } catch (error) {
    return { rows: [], problem: rehearsalProblem(error) };
  }
}

async function changeTogether(session: Session, batch: RowsToTry): Promise<readonly PreviewedRow[]> {
  const { selection, table, runner, range, step, columns } = batch;
  const before = await nextUnlockedRows(session, selection, batch);
  if (before.length === 0) return [];
  await runner.rehearse(session, range, { ...step, limit: before.length }, MAX_HELD_MS);
  const keys = before.map(({ key }) => key);
  const after = await readRows(session, table, { keys, columns });
  const valuesAfter = new Map(after.map(({ key, values }) => [JSON.stringify(key), values]));
  return before.map(({ key, values }) => ({
    key,
    ...hide(columns, values, valuesAfter.get(JSON.stringify(key)) ?? null),
    error: null,
  }));
}

async function changeSingly(session: Session, batch: RowsToTry): Promise<readonly PreviewedRow[]> {
  const rows = await tryEachRow(session, batch);
  return rows.map(({ key, before, after, problem }) => ({
    key,
    ...hide(batch.columns, before, after),
    error: problem && (problem.kind === 'too-slow' ? ROW_TOO_SLOW : problem.error),
  }));
}

function toInserted(columns: readonly ShownColumn[], { key, values }: ReadRow): PreviewedRow {
  return { key, before: null, after: hide(columns, values, null).before, error: null };
}
