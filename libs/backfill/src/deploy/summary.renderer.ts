import type { BackfillPhaseReport, BackfillReport, PhaseOutcome } from '../backfills/report/report.js';
import { renderTenantTable } from './tenant-table.renderer.js';
import { printable, printableLine, renderCount, renderDuration, renderQuantity } from './text-format.js';

const OUTCOMES = {
  complete: 'Complete: every backfill is done, which its query proves.',
  incomplete: 'Incomplete: work is left. The next run goes on where this one stopped.',
  failed: 'Failed.',
  'nothing-to-do': 'Nothing to do: every backfill was complete, which its query proved again.',
} as const satisfies Record<PhaseOutcome, string>;

/** What came of a run, for people. Ends with a line break. */
export function renderSummary({ outcome, reason, backfills }: BackfillPhaseReport): string {
  const blocks = [
    ...backfills.map((report) => renderBackfill(report).join('\n')),
    [OUTCOMES[outcome], ...(reason ? [printable(reason).replaceAll('\\u000a', '\n')] : [])].join('\n'),
  ];
  return `\n${blocks.join('\n\n')}\n`;
}

function renderBackfill(report: BackfillReport): string[] {
  return [
    `${report.name} (version ${report.version}): ${report.nothingToDo ? 'nothing to do' : report.status}`,
    ...[
      printableLine(report.reason),
      ...(report.waitingFor === null ? [] : [`Waited for ${printableLine(report.waitingFor)}.`]),
      renderCounts(report),
      ...(report.batches > 0 ? [renderPace(report)] : []),
      `${report.proved ? 'Proved, as nothing is pending by this query' : 'Complete once nothing is pending by this query'}:`,
      ...report.proof.split('\n').map((line) => `  ${printable(line)}`),
      ...renderTenantTable(report.tenants),
    ].map((line) => `  ${line}`),
  ];
}

function renderCounts({ updated, skipped, quarantined, remaining }: BackfillReport): string {
  return [
    `${renderCount(updated)} updated`,
    `${renderCount(skipped)} skipped`,
    `${renderCount(quarantined)} in quarantine`,
    remaining === null ? 'remaining not counted' : `${renderCount(remaining)} remaining`,
  ].join(', ');
}

function renderPace({ batches, durationMs, rowsPerSecond }: BackfillReport): string {
  const pace = `${renderCount(rowsPerSecond)} rows/s`;
  return `${renderQuantity(batches, 'batch')} in ${renderDuration(durationMs)}, ${pace}`;
}
