import { formatCount, formatDuration, formatQuantity } from '../reader.format.js';
import type { BackfillProgress, BackfillWait } from '../../../report/observer.js';
import { formatPercentage } from '../../../text/quantity.format.js';
import { clip, displayWidth } from '../text/display-width.js';
import { formatKey, printable } from '../text/printable.js';

const BAR_COLUMNS = 24;

/** One log line: rows, rate, percentage, time left, tenant and key. Estimates are marked with `~`. */
export function renderProgressLine(progress: BackfillProgress): string {
  return [
    `${progress.name}: ${formatQuantity(progress.updated, 'row')}`,
    renderRate(progress),
    ...renderPercentage(progress),
    ...renderTimeLeft(progress),
    ...renderPosition(progress),
  ].join(', ');
}

/** The reason why a run makes no progress. */
export function renderWait({ name, waitingFor }: Pick<BackfillWait, 'name' | 'waitingFor'>): string {
  return `${name}: waiting for ${printable(waitingFor)}`;
}

/** One line of at most `columns` columns; the last parts are left out on a narrow terminal. */
export function renderProgressBar(progress: BackfillProgress, columns: number): string {
  const bar = renderBar(progress);
  const parts = [
    progress.name,
    ...bar,
    renderRows(progress),
    renderRate(progress),
    ...renderTimeLeft(progress),
    ...renderPosition(progress).slice(0, 1),
  ];
  while (parts.length > 1 + bar.length && displayWidth(parts.join('  ')) > columns) parts.pop();
  return clip(parts.join('  '), columns);
}

function renderBar(progress: BackfillProgress): string[] {
  const { fraction } = progress;
  if (fraction === null) return [];
  const full = Math.floor(Math.min(Math.max(fraction, 0), 1) * BAR_COLUMNS);
  const bar = `${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}`;
  return [[bar, ...renderPercentage(progress)].join(' ')];
}

function renderRows({ updated, total, totalIsEstimate }: BackfillProgress): string {
  if (total === null) return formatQuantity(updated, 'row');
  return `${formatCount(updated)}/${formatCount(total, { isEstimate: totalIsEstimate })}`;
}

function renderRate({ rowsPerSecond }: BackfillProgress): string {
  return `${formatCount(rowsPerSecond)} rows/s`;
}

function renderPercentage({ fraction, totalIsEstimate }: BackfillProgress): string[] {
  return fraction === null ? [] : [formatPercentage(fraction, { isEstimate: totalIsEstimate })];
}

/** In whole seconds: the estimate is never more exact than that. */
function renderTimeLeft({ remainingMs }: BackfillProgress): string[] {
  return remainingMs === null ? [] : [`~${formatDuration(Math.ceil(remainingMs / 1_000) * 1_000)} left`];
}

function renderPosition({ tenant, cursor }: BackfillProgress): string[] {
  return [
    ...(tenant === null ? [] : [`last row of tenant ${printable(tenant)}`]),
    ...(cursor === null ? [] : [`at ${formatKey(cursor)}`]),
  ];
}
