import type { BackfillProgress } from '../../../backfills/report/observer.js';
import {
  clip,
  displayWidth,
  printable,
  renderCount,
  renderDuration,
  renderEstimate,
  renderKey,
  renderPercentage,
  renderQuantity,
} from '../../../text/format.js';

/** One log line: what is done, how fast, how far, and where. Estimates are marked with `~`. */
export function renderProgressLine(progress: BackfillProgress): string {
  return [
    `${progress.name}: ${renderQuantity(progress.updated, 'row')}`,
    `${renderCount(progress.rowsPerSecond)} rows/s`,
    ...howFar(progress),
    ...where(progress),
  ].join(', ');
}

/** Why nothing happens. */
export function renderWait({
  name,
  waitingFor,
}: {
  readonly name: string;
  readonly waitingFor: string;
}): string {
  return `${name}: waiting for ${printable(waitingFor)}`;
}

const BAR_COLUMNS = 24;

/** One line of at most `columns`, the less important parts left out where it is narrow. */
export function renderProgressBar(progress: BackfillProgress, columns: number): string {
  const { fraction, total, totalIsEstimate } = progress;
  const bar =
    fraction === null ? [] : [`${drawBar(fraction)} ${mark(totalIsEstimate)}${renderPercentage(fraction)}`];
  const done = renderCount(progress.updated);
  const parts = [
    progress.name,
    ...bar,
    total === null
      ? renderQuantity(progress.updated, 'row')
      : `${done}/${renderEstimate(total, totalIsEstimate)}`,
    `${renderCount(progress.rowsPerSecond)} rows/s`,
    ...howFar(progress).slice(1),
    ...where(progress).slice(0, 1),
  ];
  while (parts.length > 1 + bar.length && displayWidth(parts.join('  ')) > columns) parts.pop();
  return clip(parts.join('  '), columns);
}

function drawBar(fraction: number): string {
  const full = Math.floor(Math.min(Math.max(fraction, 0), 1) * BAR_COLUMNS);
  return `${'█'.repeat(full)}${'░'.repeat(BAR_COLUMNS - full)}`;
}

function howFar({ fraction, remainingMs, totalIsEstimate }: BackfillProgress): string[] {
  return [
    ...(fraction === null ? [] : [`${mark(totalIsEstimate)}${renderPercentage(fraction)}`]),
    ...(remainingMs === null ? [] : [`~${renderDuration(wholeSeconds(remainingMs))} left`]),
  ];
}

/** Time left is never known better than that. */
function wholeSeconds(milliseconds: number): number {
  return Math.ceil(milliseconds / 1_000) * 1_000;
}

function where({ tenant, cursor }: BackfillProgress): string[] {
  return [
    ...(tenant === null ? [] : [`tenant ${printable(tenant)}`]),
    ...(cursor === null ? [] : [`at ${renderKey(cursor)}`]),
  ];
}

function mark(isEstimate: boolean): string {
  return isEstimate ? '~' : '';
}
