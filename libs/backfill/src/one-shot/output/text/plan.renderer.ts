import { formatCount, formatDuration, formatQuantity } from '../reader.format.js';
import { NO_BACKFILL_DECLARED } from '../../../report/report.js';
import type { BackfillPlan, PlanReport, UnplannedBackfill } from '../../../report/plan.js';
import { renderCosts, renderWays } from './plan-costs.renderer.js';
import { formatCascade } from '../../../report/cascade.format.js';
import { printable, printableLine } from './printable.js';

/** `short`: about ten lines for a backfill. `full`: also the SQL, its EXPLAIN, and the cost of other ways. */
export type PlanDetail = 'short' | 'full';

const NOTHING_WAS_CHANGED = {
  short: 'Nothing was changed. The SQL, its EXPLAIN and the cost of other ways: --plan --verbose',
  full: 'Nothing was changed.',
} as const satisfies Record<PlanDetail, string>;

/** What a run would do. Ends with a line break. */
export function renderPlan({ plan, unplanned = [] }: PlanReport, detail: PlanDetail): string {
  const blocks = [
    ...plan.map((backfill) => renderBackfill(backfill, detail).join('\n')),
    ...(plan.length === 0 ? [] : [NOTHING_WAS_CHANGED[detail]]),
    ...unplanned.map(renderUnplanned),
  ];
  return `\n${blocks.length === 0 ? NO_BACKFILL_DECLARED : blocks.join('\n\n')}\n`;
}

function renderUnplanned({ name, reason, complete }: UnplannedBackfill): string {
  return `${name} ${complete === true ? 'is complete' : 'cannot be planned now'}: ${printableLine(reason)}`;
}

function renderBackfill(plan: BackfillPlan, detail: PlanDetail): string[] {
  const title = `${plan.name} (version ${plan.version}): ${plan.kind} on ${printable(plan.table)}, ${plan.status}`;
  return plan.status === 'complete' && plan.pending === 0 && !plan.pendingIsEstimate
    ? [title, `  Pending:  ${renderDone(plan)}`]
    : [title, ...renderWork(plan, detail).map((line) => `  ${line}`)];
}

function renderDone({ sealedBy }: BackfillPlan): string {
  return sealedBy === null
    ? 'no row; a run only proves it'
    : `no row, and no row can become pending (sealed by ${printableLine(sealedBy)})`;
}

function renderWork(plan: BackfillPlan, detail: PlanDetail): string[] {
  return [
    `Pending:  ${renderPending(plan)}`,
    `Rate:     ${renderRate(plan)}`,
    `Index:    ${renderIndex(plan)}`,
    `Triggers: ${plan.triggers.length === 0 ? 'none will fire' : plan.triggers.map(printable).join(', ')}`,
    ...renderCascades(plan),
    ...renderCosts(plan),
    ...(detail === 'full' ? renderWays(plan.ways) : []),
    ...plan.warnings.map((warning) => `Warning:  ${printableLine(warning)}`),
    ...(detail === 'full' ? renderStatement(plan) : []),
  ];
}

function renderStatement({ sql, parameters, explain }: BackfillPlan): string[] {
  return [
    ...renderSection('One batch:', sql === '' ? [] : sql.split('\n')),
    ...renderSection('Its parameters:', parameters.map(renderParameter)),
    ...renderSection('Its plan:', explain),
  ];
}

/** What the changes take along. */
function renderCascades({ cascades }: BackfillPlan): string[] {
  return cascades.map((cascade) => `Cascades: ${printableLine(formatCascade(cascade))}`);
}

function renderIndex({ index, indexPays }: BackfillPlan): string {
  if (index !== null) return printable(index);
  return indexPays === false
    ? 'none is needed: while most rows are pending, the sweep and the proof read them in any case'
    : 'none serves the pending predicate';
}

function renderSection(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${printable(line)}`)];
}

function renderParameter(value: string | null, index: number): string {
  return `$${index + 1} = ${value === null ? 'NULL' : `'${value.replaceAll("'", "''")}'`}`;
}

function renderPending({ pending, pendingIsEstimate: isEstimate, batches, batchSize }: BackfillPlan): string {
  if (pending === null) return 'unknown: neither a count nor an estimate is available';
  const rows = formatQuantity(pending, 'row', { isEstimate });
  if (batches === null) return rows;
  return `${rows}, ${formatQuantity(batches, 'batch', { isEstimate })} of ${formatCount(batchSize)}`;
}

function renderRate({ pending, measuredRowsPerSecond, estimatedMs }: BackfillPlan): string {
  if (pending === 0) return 'not measured: no row is pending';
  if (measuredRowsPerSecond === null) return 'not measured: no batch could be run and rolled back';
  const rate = `${formatCount(measuredRowsPerSecond)} rows/s, measured with one batch that was rolled back`;
  return estimatedMs === null ? rate : `${rate}; the whole backfill takes ~${formatDuration(estimatedMs)}`;
}
