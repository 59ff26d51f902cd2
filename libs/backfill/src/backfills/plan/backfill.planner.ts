import { installedStep, installStatements } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { Key, TenantScope } from '../../ledger/range.js';
import type { BackfillStatus } from '../../ledger/status.js';
import { classifyDatabaseError, messageOf } from '../../postgres/error-classes.js';
import type { Statement } from '../../postgres/pipeline.js';
import { Session } from '../../postgres/session.js';
import { applyBatchPolicy, applyPolicy } from '../../postgres/timeout-policy.js';
import { inspectDeclaredIndex } from '../batch/declared-index.inspector.js';
import type { BatchRunner, SweepStep } from '../batch/batch.js';
import { BatchCodeError } from '../batch/batch-code.error.js';
import { createBatchRunner } from '../batch/batch-runner.factory.js';
import { RowSelection } from '../batch/row-selection.js';
import { inspectTable } from '../batch/table.inspector.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { PAUSE_SHARE, type Pace } from '../declare/pace.js';
import type { BackfillPlan } from '../report/plan.js';
import { keyAtDistance } from '../pending/key-window.js';
import { countPending, type Count } from '../pending/pending.counter.js';
import { highestKey, lowerSweepBound } from '../pending/sweep-bounds.js';
import { InvalidStatementError } from '../run.error.js';
import { indexForPending } from './index.inspector.js';
import { triggersFired } from './trigger.inspector.js';

/** Milliseconds: a plan must not make anybody wait. */
const PATIENCE = {
  lockTimeout: 1_000,
  statementTimeout: 30_000,
  idleInTransactionTimeout: 30_000,
  transactionTimeout: 600_000,
};
/** Keys that the rehearsed batch may look at. */
const WINDOW = 10_000;

interface Rehearsal {
  readonly status: BackfillStatus;
  readonly preview: Statement | null;
  readonly explain: readonly string[];
  readonly rowsPerSecond: number | null;
  readonly problem: string | null;
}

/**
 * What a run would do, found out without changing anything: the batch that is measured runs in a transaction that is rolled
 * back, and so does the installation of the ledger where there is none yet.
 *
 * @throws TableMismatchError when the table or a column is not there, InvalidStatementError when PostgreSQL does not accept its SQL
 */
export async function planBackfill(
  definition: BackfillDefinition,
  ledger: Ledger,
  schema: string,
  tenants: TenantScope,
): Promise<BackfillPlan> {
  const session = await Session.open(definition.dataSource);
  try {
    const facts = await inspectTable(session, definition);
    const impatient = { ...definition, pace: { ...definition.pace, ...PATIENCE } };
    const selection = new RowSelection(impatient, ledger.of(definition), facts, tenants);
    const pending = await countPending(session, selection);
    const index = await indexForPending(session, selection);
    const unserved = await inspectDeclaredIndex(session, definition);
    const installed = (await installedStep(session, schema)) > 0;
    const lower = await lowerSweepBound(session, selection, { excludeQuarantined: installed });
    const upper =
      (await keyAtDistance(session, selection, { after: lower, upTo: null, keys: WINDOW })) ??
      (await highestKey(session, selection));
    const rehearsal = await rehearse(session, selection, schema, lower, upper);
    const { batchSize, pause } = definition.pace;
    const batches = pending && Math.ceil(pending.rows / batchSize);
    return {
      name: definition.name,
      version: definition.version,
      kind: definition.kind,
      table: definition.table,
      status: rehearsal.status,
      pending: pending?.rows ?? null,
      pendingIsEstimate: pending?.isEstimate ?? false,
      batchSize,
      batches,
      sql: rehearsal.preview?.text ?? '',
      parameters: rehearsal.preview?.values ?? [],
      explain: rehearsal.explain,
      index,
      triggers: await triggersFired(session, definition),
      measuredRowsPerSecond: rehearsal.rowsPerSecond,
      estimatedMs: timeFor(pending, batches, rehearsal.rowsPerSecond, pause),
      warnings: warnings(definition, index, pending, unserved, rehearsal.problem),
    };
  } catch (error) {
    throw classifyDatabaseError(error) === 'programming'
      ? new InvalidStatementError(definition.name, error)
      : error;
  } finally {
    await session.close();
  }
}

async function rehearse(
  session: Session,
  selection: RowSelection,
  schema: string,
  lower: Key | null,
  upper: Key | null,
): Promise<Rehearsal> {
  const { definition } = selection;
  const { ledger } = selection;
  await session.begin([applyPolicy(PATIENCE)]);
  try {
    await session.send(await installStatements(session, schema));
    const status = (await ledger.status.open(session, definition.kind)).status;
    if (upper === null) return { status, preview: null, explain: [], rowsPerSecond: null, problem: null };
    const range = await ledger.ranges.insertRehearsal(session, lower, upper);
    const runner: BatchRunner = createBatchRunner(selection);
    const step: SweepStep = {
      cursor: lower,
      windowUpper: upper,
      limit: definition.pace.batchSize,
      excludeQuarantined: true,
      lockMode: runner.canBeOptimistic ? 'optimistic' : 'locking',
      number: 1,
      signal: new AbortController().signal,
    };
    const preview = runner.preview(range, step);
    const explained = await session.send([
      applyBatchPolicy(PATIENCE, definition.pace.synchronousCommit, definition.name),
      { text: `EXPLAIN ${preview.text}`, values: preview.values ?? [] },
    ]);
    const explain = (explained.rows[1] ?? []).map((row) => row[0] ?? '');
    try {
      const startedAt = performance.now();
      const outcome = await runner.rehearse(session, range, step);
      const seconds = (performance.now() - startedAt) / 1000;
      const rowsPerSecond = outcome && outcome.changed > 0 ? Math.round(outcome.changed / seconds) : null;
      return { status, preview, explain, rowsPerSecond, problem: null };
    } catch (error) {
      return {
        status,
        preview,
        explain,
        rowsPerSecond: null,
        problem: messageOf(error instanceof BatchCodeError ? error.cause : error),
      };
    }
  } finally {
    await session.rollback();
  }
}

function timeFor(
  pending: Count | null,
  batches: number | null,
  rate: number | null,
  pause: Pace['pause'],
): number | null {
  if (pending === null || batches === null || rate === null) return null;
  const work = (pending.rows / rate) * 1000;
  return Math.round(work + (pause === 'auto' ? work * PAUSE_SHARE : batches * pause));
}

function warnings(
  definition: BackfillDefinition,
  index: string | null,
  pending: Count | null,
  unserved: string | null,
  problem: string | null,
): string[] {
  const found: string[] = [];
  if (unserved !== null) {
    found.push(unserved);
  } else if (index === null && definition.index !== null && pending !== null) {
    found.push(
      `The index "${definition.index}" is there, and yet does not serve the pending predicate: compare its columns and its condition with \`where\`.`,
    );
  } else if (index === null && pending !== null) {
    found.push(
      'No index serves the pending predicate: the sweep goes along the primary key, and each probe reads the table. A partial index with the predicate as its condition makes both cheap.',
    );
  }
  if (definition.kind === 'process') {
    found.push(
      'process() was not run: it may do things that no rollback undoes. Its rate is known once it runs.',
    );
  }
  if (problem !== null) found.push(`The rehearsed batch failed, and was rolled back: ${problem}`);
  return found;
}
