import type { Ledger } from '../../ledger/ledger.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import { number } from '../../postgres/decoders.js';
import { Session } from '../../postgres/session.js';
import type { BackfillReport } from '../../report/report.js';
import type { RunComparison, RunPrediction } from '../../report/run-prediction.js';
import { RowSelection } from '../batch/row-selection.js';
import { inspectTable } from '../batch/table.inspector.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { countPending } from '../pending/pending.counter.js';
import { planCosts } from './cost.planner.js';
import { PLAN_TIMEOUTS } from './rehearsal/plan-timeouts.js';
import { readTableStatistics } from './table.statistics.js';

/** A prediction takes one or two seconds, which does not pay for a smaller table. */
const MIN_BYTES = 32 * 2 ** 20;
/** Nor for a run that changes a smaller share of the rows. */
const MIN_PENDING_SHARE = 0.1;

/** A prediction that was made when a run began. */
export interface RunForecast {
  /** @returns null if the run was not completed, or if it cannot be measured */
  compare(report: BackfillReport): Promise<RunComparison | null>;
}

/** Sizes in bytes. */
interface Measured {
  readonly wal: number;
  readonly table: number;
  readonly indexes: number;
}

/**
 * Predicts the first run of a backfill of a large table. A prediction never makes a run fail.
 *
 * @returns null for a small table, for a later run, and if nothing could be predicted
 */
export async function forecastRun(
  definition: BackfillDefinition,
  ledger: Ledger,
  schema: string,
): Promise<RunForecast | null> {
  try {
    return await withSession(definition, (session) => forecast(session, definition, { ledger, schema }));
  } catch {
    return null;
  }
}

async function forecast(
  session: Session,
  definition: BackfillDefinition,
  { ledger, schema }: { readonly ledger: Ledger; readonly schema: string },
): Promise<RunForecast | null> {
  const ledgerOfRun = ledger.of(definition);
  const step = await installedStep(session, schema);
  await ledgerOfRun.locate(session, step);
  const status = step > 0 ? await ledgerOfRun.status.read(session) : null;
  if (status !== null && status !== 'pending') return null;
  const statistics = await readTableStatistics(session, definition);
  if (statistics.heapBytes < MIN_BYTES) return null;
  const withPlanTimeouts = { ...definition, pace: { ...definition.pace, ...PLAN_TIMEOUTS } };
  const facts = await inspectTable(session, withPlanTimeouts);
  const selection = new RowSelection(withPlanTimeouts, ledgerOfRun, facts, null);
  const countedAt = performance.now();
  const pending = await countPending(session, selection);
  const countMs = performance.now() - countedAt;
  if (pending === null || pending.rows < MIN_PENDING_SHARE * (statistics.rows ?? Infinity)) return null;
  const { prediction } = await planCosts(session, selection, { schema, statistics, pending, countMs });
  if (prediction === null) return null;
  const before = await measure(session, definition);
  return { compare: (report) => compare(definition, report, { prediction, before }) };
}

async function compare(
  definition: BackfillDefinition,
  { status, durationMs }: BackfillReport,
  { prediction, before }: { readonly prediction: RunPrediction; readonly before: Measured },
): Promise<RunComparison | null> {
  if (status !== 'complete') return null;
  try {
    const after = await withSession(definition, (session) => measure(session, definition));
    return {
      predicted: prediction,
      measured: {
        ms: durationMs,
        serverWalBytes: after.wal - before.wal,
        tableGrowthBytes: after.table - before.table,
        indexGrowthBytes: after.indexes - before.indexes,
      },
    };
  } catch {
    return null;
  }
}

async function measure(session: Session, definition: BackfillDefinition): Promise<Measured> {
  const { last } = await session.send([
    { text: `SELECT pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::text` },
  ]);
  const { heapBytes, indexes } = await readTableStatistics(session, definition);
  return {
    wal: last.value(number),
    table: heapBytes,
    indexes: indexes.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}

async function withSession<T>(
  { dataSource }: BackfillDefinition,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const session = await Session.open(dataSource);
  try {
    return await work(session);
  } finally {
    await session.close();
  }
}
