import { formatBytes, formatCount, formatDuration, formatQuantity } from '../reader.format.js';
import type { BackfillKind } from '../../../report/backfill-kind.js';
import type { BackfillPhaseReport, BackfillReport } from '../../../report/report.js';
import type { RunComparison, RunPrediction } from '../../../report/run-prediction.js';
import { formatCascade } from '../../../report/cascade.format.js';
import { renderClosingLine } from './closing-line.renderer.js';
import { printable, printableLine, printableLines } from './printable.js';
import { renderTenantTable } from './tenant-table.renderer.js';

/** The verb for the rows that are counted as updated. */
const ROW_VERBS = {
  set: 'updated',
  transform: 'updated',
  process: 'processed',
  copy: 'inserted',
  purge: 'deleted',
} as const satisfies Record<BackfillKind, string>;

/** The result of the backfills phase. Ends with a line break. */
export function renderSummary(phase: BackfillPhaseReport): string {
  const { reason, backfills } = phase;
  const end = [renderClosingLine(phase), ...(reason ? [printableLines(reason)] : [])].join('\n');
  const blocks = [...backfills.map((report) => renderBackfill(report).join('\n')), end];
  return `\n${blocks.join('\n\n')}\n`;
}

function renderBackfill(report: BackfillReport): string[] {
  return [
    `${report.name} (version ${report.version}): ${report.nothingToDo ? 'nothing to do' : report.status}`,
    ...[
      renderReason(report),
      ...renderWait(report),
      renderCounts(report),
      ...renderCascades(report),
      ...(report.batches > 0 ? [renderPace(report)] : []),
      ...renderComparison(report),
      ...renderProof(report),
      ...renderTenantTable(report.tenants, { rowVerb: rowVerbOf(report) }),
    ].map((line) => `  ${line}`),
  ];
}

/** The reason for the status, without `Nothing to do:` if the line above it shows that already. */
export function renderReason({ reason, nothingToDo }: BackfillReport): string {
  const line = printableLine(reason);
  return nothingToDo ? line.replace(/^Nothing to do: (.)/, (_, first: string) => first.toUpperCase()) : line;
}

function renderWait({ waitingFor, reason }: BackfillReport): string[] {
  // The reason of a pause is what a run waits for, and stands in the line above.
  return waitingFor === null || waitingFor.endsWith(reason)
    ? []
    : [`Waited for ${printableLine(waitingFor).replace(/\.$/, '')}.`];
}

/** What deletes took along in this run. */
function renderCascades({ cascades = [] }: BackfillReport): string[] {
  const effective = cascades.filter(({ rows }) => rows !== 0);
  return effective.map((cascade) => `Along with them: ${printableLine(formatCascade(cascade))}.`);
}

function renderComparison({ comparison }: BackfillReport): string[] {
  if (!comparison) return [];
  const { predicted, measured } = comparison;
  const growth = (part: RunComparison['measured'] | RunPrediction) =>
    formatBytes(Math.max(0, part.tableGrowthBytes + part.indexGrowthBytes));
  return [
    `Predicted: ${formatDuration(predicted.ms)}, ${formatBytes(predicted.walBytes)} of WAL, growth by ${growth(predicted)}.`,
    `Measured:  ${formatDuration(measured.ms)}, ${formatBytes(measured.serverWalBytes)} of WAL of the whole server, growth by ${growth(measured)}.`,
  ];
}

/**
 * The query is unknown where the run did not inspect the table, e.g. because the backfill is paused. It cannot run
 * where the column is gone.
 */
function renderProof({ proof, proved, proofMs, unprovable }: BackfillReport): string[] {
  if (proof === '' || unprovable !== undefined) return [];
  const time = proofMs === undefined ? '' : ` in ${formatDuration(proofMs)}`;
  const title = proved
    ? `Proved${time}: this query finds no pending row:`
    : 'Complete when this query finds no pending row:';
  // The further lines are not indented: blanks in a literal that has a line break would change its value.
  return [title, ...`  ${proof}`.split('\n').map(printable)];
}

function rowVerbOf({ kind }: BackfillReport): string {
  return kind === undefined ? 'updated' : ROW_VERBS[kind];
}

function renderCounts(report: BackfillReport): string {
  const { updated, skipped, quarantined, remaining } = report;
  return [
    `${formatCount(updated)} ${rowVerbOf(report)}`,
    `${formatCount(skipped)} skipped`,
    `${formatCount(quarantined)} in quarantine`,
    remaining === null ? 'remaining not counted' : `${formatCount(remaining)} remaining`,
  ].join(', ');
}

function renderPace({ batches, durationMs, rowsPerSecond }: BackfillReport): string {
  const rate = `${formatCount(rowsPerSecond)} rows/s`;
  return `${formatQuantity(batches, 'batch')} in ${formatDuration(durationMs)}, ${rate}`;
}
