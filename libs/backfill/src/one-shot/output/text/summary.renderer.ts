import type { BackfillKind } from '../../../backfills/declare/kinds.js';
import type { BackfillPhaseReport, BackfillReport } from '../../../backfills/report/report.js';
import { renderClosingLine } from './closing-line.renderer.js';
import { renderTenantTable } from './tenant-table.renderer.js';
import {
  printable,
  printableLine,
  renderCount,
  renderDuration,
  renderQuantity,
} from '../../../text/format.js';

/** What was done to the rows that are counted as updated. */
const DONE = {
  set: 'updated',
  transform: 'updated',
  process: 'processed',
  copy: 'inserted',
  purge: 'deleted',
} as const satisfies Record<BackfillKind, string>;

/** What came of a run, for people. Ends with a line break. */
export function renderSummary(phase: BackfillPhaseReport): string {
  const { reason, backfills } = phase;
  const blocks = [
    ...backfills.map((report) => renderBackfill(report).join('\n')),
    [renderClosingLine(phase), ...(reason ? [printable(reason).replaceAll('\\u000a', '\n')] : [])].join('\n'),
  ];
  return `\n${blocks.join('\n\n')}\n`;
}

function renderBackfill(report: BackfillReport): string[] {
  return [
    `${report.name} (version ${report.version}): ${report.nothingToDo ? 'nothing to do' : report.status}`,
    ...[
      renderReason(report),
      ...(report.waitingFor === null
        ? []
        : [`Waited for ${printableLine(report.waitingFor).replace(/\.$/, '')}.`]),
      renderCounts(report),
      ...(report.batches > 0 ? [renderPace(report)] : []),
      ...renderProof(report),
      ...renderTenantTable(report.tenants, doneTo(report)),
    ].map((line) => `  ${line}`),
  ];
}

/** Why it stands where it stands; what is said beside it anyhow is not said twice. */
export function renderReason({ reason, nothingToDo }: BackfillReport): string {
  const line = printableLine(reason);
  return nothingToDo ? line.replace(/^Nothing to do: (.)/, (_, first: string) => first.toUpperCase()) : line;
}

/** No query is known where the run did not get as far as looking at the table, e.g. since it is paused. */
function renderProof({ proof, proved }: BackfillReport): string[] {
  if (proof === '') return [];
  const title = proved
    ? 'Proved, as nothing is pending by this query:'
    : 'Complete once nothing is pending by this query:';
  return [title, ...proof.split('\n').map((line) => `  ${printable(line)}`)];
}

function doneTo({ kind }: BackfillReport): string {
  return kind === undefined ? 'updated' : DONE[kind];
}

function renderCounts(report: BackfillReport): string {
  const { updated, skipped, quarantined, remaining } = report;
  return [
    `${renderCount(updated)} ${doneTo(report)}`,
    `${renderCount(skipped)} skipped`,
    `${renderCount(quarantined)} in quarantine`,
    remaining === null ? 'remaining not counted' : `${renderCount(remaining)} remaining`,
  ].join(', ');
}

function renderPace({ batches, durationMs, rowsPerSecond }: BackfillReport): string {
  const pace = `${renderCount(rowsPerSecond)} rows/s`;
  return `${renderQuantity(batches, 'batch')} in ${renderDuration(durationMs)}, ${pace}`;
}
