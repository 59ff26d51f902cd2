import { installInTransaction } from '../../../ledger/ledger.installer.js';
import type { PlannedRange } from '../../../ledger/range.ledger.js';
import type { BackfillStatus } from '../../../ledger/status.js';
import { text } from '../../../postgres/decoders.js';
import type { Statement } from '../../../postgres/pipeline.js';
import type { Session } from '../../../postgres/session.js';
import { applyBatchPolicy, applyPolicy } from '../../../postgres/timeout-policy.js';
import { createBatchRunner } from '../../batch/batch-runner.factory.js';
import type { BatchRunner, SweepStep } from '../../batch/batch.js';
import { boundAt, type Region } from '../../batch/order/region.js';
import { FileSelection, type PendingOptions, type RowSelection } from '../../batch/row-selection.js';
import { keyAtDistance } from '../../pending/key-window.js';
import type { Count } from '../../pending/pending.counter.js';
import { chooseOrder, type SweptFile } from '../../pending/order.inspector.js';
import { firstPendingPage, highestKey, lowerSweepBound } from '../../pending/sweep-bounds.js';
import { formatQuantity } from '../../../text/quantity.format.js';
import { MAX_HELD_MS, PLAN_TIMEOUTS } from './plan-timeouts.js';
import {
  attempt,
  findFailedRows,
  rehearsalProblem,
  type Attempt,
  type FailedRows,
  type RowsOfBatch,
} from './row.changer.js';
import { setLockedRowsAside } from './rows.reader.js';

/** A batch that takes too long, or that would wait for a lock, is measured again with this part of its rows. */
const FEWER = 10;
const ROW_TOO_SLOW = `finding and changing one row takes longer than ${MAX_HELD_MS} ms, and a plan locks no row for longer. A run changes such rows one by one, each within its \`statementTimeout\`. Look at the triggers, and at foreign keys without an index`;
/** Maximum number of keys that the measured batch reads. */
const WINDOW_KEYS = 10_000;

/** The result of a batch that was rolled back. */
export interface Rehearsal {
  /** The status in the ledger. */
  readonly status: BackfillStatus;
  /** The constraint or migration that excludes pending rows; null: the backfill is not sealed. */
  readonly sealedBy: string | null;
  /** The statement of the batch; null if the table is empty. */
  readonly preview: Statement | null;
  /** PostgreSQL's plan of that statement, line by line. */
  readonly explain: readonly string[];
  /** Null if the batch changed no row or could not be run. */
  readonly rowsPerSecond: number | null;
  /** The error of the batch, or the rows that cannot be changed; null if it did not fail. */
  readonly problem: string | null;
}

/** A backfill without a pending row and with status `complete`: there is nothing to rehearse. */
export function isDone({ status }: Pick<Rehearsal, 'status'>, pending: Count | null): boolean {
  return status === 'complete' && pending?.rows === 0;
}

export interface RehearsalOptions extends PendingOptions {
  /** The schema of the ledger. */
  readonly schema: string;
  /** Null if the pending rows could not be counted. */
  readonly pending: Count | null;
}

/** Runs and measures one batch in a transaction that is rolled back. */
export async function rehearseBatch(
  session: Session,
  selection: RowSelection,
  { schema, pending, ...options }: RehearsalOptions,
): Promise<Rehearsal> {
  const { ledger, definition } = selection;
  const sample = pending?.rows === 0 ? null : await sampleOf(session, selection, options);
  await session.begin([applyPolicy(PLAN_TIMEOUTS)]);
  try {
    await installInTransaction(session, schema, PLAN_TIMEOUTS);
    const { status } = await ledger.status.open(session, definition.kind);
    const { sealedBy } = await ledger.catchUp.summary(session);
    if (sample === null)
      return { status, sealedBy, preview: null, explain: [], rowsPerSecond: null, problem: null };
    const range = await ledger.ranges.insertRehearsal(session, sample.range);
    const runner = createBatchRunner(sample.selection);
    const step = stepOf(sample, runner);
    const preview = runner.preview(range, step);
    const explain = await explainBatch(session, selection, preview);
    return {
      status,
      sealedBy,
      preview,
      explain,
      ...(await measure(session, {
        selection: sample.selection,
        runner,
        range,
        step: { ...step, lockMode: 'locking' },
      })),
    };
  } finally {
    await session.rollback();
  }
}

/** The rows that the measured batch reads. */
export interface Sample {
  readonly selection: RowSelection;
  readonly range: PlannedRange;
  readonly region: Region | null;
}

/** The pending rows with which a sweep would begin. */
export async function sampleOf(
  session: Session,
  selection: RowSelection,
  options: PendingOptions,
): Promise<Sample | null> {
  const { order, files } = await chooseOrder(session, selection);
  return order === 'page'
    ? pagesToMeasure(session, selection, files)
    : keysToMeasure(session, selection, options);
}

async function keysToMeasure(
  session: Session,
  selection: RowSelection,
  options: PendingOptions,
): Promise<Sample | null> {
  const lower = await lowerSweepBound(session, selection, options);
  const upper =
    (await keyAtDistance(session, selection, { after: lower, upTo: null, keys: WINDOW_KEYS })) ??
    (await highestKey(session, selection));
  return upper && { selection, range: { lower, upper, file: null }, region: null };
}

/** Pages from the first page with a pending row. */
async function pagesToMeasure(
  session: Session,
  selection: RowSelection,
  files: readonly SweptFile[],
): Promise<Sample | null> {
  const { batchSize } = selection.definition.pace;
  for (const { pages, rowsPerPage, ...file } of files) {
    const inFile = new FileSelection(selection, file);
    const first = await firstPendingPage(session, inFile);
    if (first === null) continue;
    const count = Math.max(1, Math.floor(batchSize / rowsPerPage));
    const range = { lower: boundAt(first), upper: boundAt(Math.min(pages, first + count)), file };
    return { selection: inFile, range, region: { pages: count, stripes: 1 } };
  }
  return null;
}

export function stepOf({ selection, range, region }: Sample, runner: BatchRunner): SweepStep {
  return {
    cursor: range.lower,
    windowUpper: range.upper,
    region,
    limit: selection.definition.pace.batchSize,
    excludeQuarantined: true,
    lockMode: runner.canBeOptimistic ? 'optimistic' : 'locking',
    number: 1,
    signal: new AbortController().signal,
  };
}

async function explainBatch(
  session: Session,
  { definition }: RowSelection,
  { text: sql, values = [] }: Statement,
): Promise<string[]> {
  const { pace, name } = definition;
  const result = await session.send([
    applyBatchPolicy(PLAN_TIMEOUTS, pace.synchronousCommit, name),
    { text: `EXPLAIN ${sql}`, values },
  ]);
  return result.last.values(text);
}

type Measured = Pick<Rehearsal, 'rowsPerSecond' | 'problem'>;

/**
 * If rows of the batch cannot be changed, it is measured again without them, as a run goes on without them. A batch that
 * holds its row locks for too long is cancelled, and fewer rows are measured.
 *
 * @param batch locks its rows first, so that it skips those that another session has locked
 */
async function measure(session: Session, batch: RowsOfBatch): Promise<Measured> {
  try {
    const found = await measureFewer(session, batch);
    if (found.problem === null) return { rowsPerSecond: found.value, problem: null };
    if (found.problem.kind === 'too-slow') return { rowsPerSecond: null, problem: ROW_TOO_SLOW };
    if (found.problem.kind === 'locked') return { rowsPerSecond: null, problem: found.problem.error };
    const rows = await findFailedRows(session, batch);
    if (rows.failed.length === 0) return { rowsPerSecond: null, problem: found.problem.error };
    const { quarantine } = batch.selection.ledger;
    for (const { key, error, code } of rows.failed)
      await session.send([quarantine.add({ key, error, code, tenant: null })]);
    const others = await measureFewer(session, batch);
    return { rowsPerSecond: others.value, problem: describeFailedRows(rows) };
  } catch (error) {
    return { rowsPerSecond: null, problem: rehearsalProblem(error) };
  }
}

/**
 * Measures as many rows as can be changed in `MAX_HELD_MS` without a wait. Only after a wait for a lock does it look for
 * the locked rows, because that locks the others.
 *
 * @returns the rate; null if no row was changed
 */
async function measureFewer(session: Session, batch: RowsOfBatch): Promise<Attempt<number | null>> {
  const { runner, range, selection } = batch;
  let { step } = batch;
  let isLookedFor = false;
  for (;;) {
    const result = await attempt(session, async () => {
      const startedAt = performance.now();
      const outcome = await runner.rehearse(session, range, step, MAX_HELD_MS);
      const seconds = (performance.now() - startedAt) / 1000;
      return outcome && outcome.changed > 0 ? Math.max(1, Math.round(outcome.changed / seconds)) : null;
    });
    const { kind = 'fails' } = result.problem ?? {};
    if (kind === 'fails') return result;
    if (kind === 'locked' && !isLookedFor) {
      isLookedFor = true;
      if ((await setLockedRowsAside(session, selection, { range, step, columns: [] })) > 0) continue;
    }
    if (step.limit === 1) return result;
    step = { ...step, limit: Math.ceil(step.limit / FEWER) };
  }
}

const MAX_DESCRIBED = 3;

function describeFailedRows({ failed, tried }: FailedRows): string {
  const described = failed.slice(0, MAX_DESCRIBED).map(({ key, error }) => `${key.join(', ')}: ${error}`);
  const more = failed.length > MAX_DESCRIBED ? ['…'] : [];
  const rows = tried === 1 ? 'The only row' : `${failed.length} of the first ${formatQuantity(tried, 'row')}`;
  return `${rows} cannot be changed, and would go to quarantine. By key: ${[...described, ...more].join('; ')}`;
}
