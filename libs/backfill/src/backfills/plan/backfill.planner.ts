import { TARGET_SCHEMA_STEP } from '../../ledger/ledger.context.js';
import { installedStep } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { TenantScope } from '../../ledger/range.js';
import type { Session } from '../../postgres/session.js';
import { inspectDeclaredIndex } from '../batch/declared-index.inspector.js';
import type { RowSelection } from '../batch/row-selection.js';
import { inspectFile } from '../batch/order/file.inspector.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { countPending } from '../pending/pending.counter.js';
import type { CascadeReport } from '../../report/cascade-report.js';
import type { BackfillPlan } from '../../report/plan.js';
import { isDone, rehearseBatch } from './rehearsal/batch.rehearsal.js';
import { estimateDuration } from './duration.estimate.js';
import { indexPays } from './index.advice.js';
import { findPendingIndex } from './index.inspector.js';
import { planCosts } from './cost.planner.js';
import { withPlanSelection } from './plan.session.js';
import type { PlanLedger } from './plan.ledger.js';
import { planWarnings } from './plan.warnings.js';
import { slotWarnings } from './slot.warnings.js';
import { readTableStatistics } from './table.statistics.js';
import { findFiredTriggers } from './trigger.inspector.js';

/**
 * Plans a run and changes nothing. The measured batch, and the installation of a missing ledger, run in a
 * transaction that is rolled back.
 *
 * @throws TableMismatchError if the table or a column does not exist
 * @throws InvalidStatementError if PostgreSQL rejects the SQL of the backfill
 */
export async function planBackfill(
  definition: BackfillDefinition,
  ledger: Ledger,
  schema: string,
  tenants: TenantScope,
): Promise<BackfillPlan> {
  return withPlanSelection(definition, { ledger, schema, tenants }, (session, selection, planLedger) =>
    planSelection(session, definition, selection, planLedger),
  );
}

/** @param selection the rows of the same backfill, with the timeouts of a plan */
async function planSelection(
  session: Session,
  definition: BackfillDefinition,
  selection: RowSelection,
  { schema, recorded }: PlanLedger,
): Promise<BackfillPlan> {
  const { name, version, kind, table, pace } = definition;
  const countedAt = performance.now();
  const pending = await countPending(session, selection);
  const countMs = performance.now() - countedAt;
  const statistics = await readTableStatistics(session, definition);
  const { tableId, rows: tableRows } = statistics;
  const { blockingIndex } = await inspectFile(session, selection.definition, { tableId });
  const index = await findPendingIndex(session, selection);
  const indexProblem = await inspectDeclaredIndex(session, definition);
  const excludeQuarantined = (await installedStep(session, schema)) >= TARGET_SCHEMA_STEP;
  const rehearsed = await rehearseBatch(session, selection, { schema, excludeQuarantined, pending });
  const rehearsal = { ...rehearsed, ...recorded };
  const { status, sealedBy, preview, explain, rowsPerSecond, problem } = rehearsal;
  const findings = {
    cascades: selection.facts.cascades,
    index,
    indexProblem,
    blockingIndex,
    pending,
    tableRows,
    batchProblem: problem,
  };
  const costs = await planCosts(session, selection, { schema, statistics, pending, countMs });
  return {
    ...{ name, version, kind, table, status, sealedBy, tableRows },
    pending: pending?.rows ?? null,
    pendingIsEstimate: pending?.isEstimate ?? false,
    batchSize: pace.batchSize,
    batches: pending && Math.ceil(pending.rows / pace.batchSize),
    sql: preview?.text ?? '',
    parameters: preview?.values ?? [],
    explain,
    index,
    indexPays: indexPays(findings),
    triggers: await findFiredTriggers(session, definition),
    cascades: cascadesOf(selection),
    measuredRowsPerSecond: rowsPerSecond,
    estimatedMs: costs.prediction?.ms ?? (pending && estimateDuration(pending.rows, rowsPerSecond, pace)),
    ...costs,
    warnings: isDone(rehearsal, pending)
      ? []
      : [
          ...planWarnings(definition, findings),
          ...(await slotWarnings(session, definition.throttles, costs.prediction)),
        ],
  };
}

/** What the measured batch took along. */
function cascadesOf({ facts }: RowSelection): readonly CascadeReport[] {
  return facts.cascades?.report() ?? [];
}
