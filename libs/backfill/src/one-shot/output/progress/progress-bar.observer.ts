import type { BackfillObserver, BackfillProgress, BackfillWait } from '../../../backfills/report/observer.js';
import type { BackfillReport } from '../../../backfills/report/report.js';
import { renderProgressBar, renderWait } from './progress.renderer.js';
import type { TerminalLine } from './terminal-line.js';
import { clip } from '../../../text/format.js';

/** Quick enough for the eye; a batch may take no more than a millisecond. */
const REDRAW_EVERY_MS = 100;

type Line = Pick<TerminalLine, 'show' | 'hide' | 'columns'>;
type Observed<Method extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Method]>>[0];

/** Shows how far a run is in one line at the foot of the terminal; all else is told in log lines above it. */
export class ProgressBarObserver implements BackfillObserver {
  readonly #line: Line;
  readonly #log: BackfillObserver;
  readonly #now: () => number;
  #drawnAt = Number.NEGATIVE_INFINITY;

  /** @param now milliseconds */
  constructor(line: Line, log: BackfillObserver, now: () => number = () => performance.now()) {
    this.#line = line;
    this.#log = log;
    this.#now = now;
  }

  started(event: Observed<'started'>): void {
    this.#log.started?.(event);
    this.#drawnAt = Number.NEGATIVE_INFINITY;
  }

  progressed(progress: BackfillProgress): void {
    const now = this.#now();
    if (now - this.#drawnAt < REDRAW_EVERY_MS) return;
    this.#drawnAt = now;
    this.#line.show(renderProgressBar(progress, this.#line.columns));
  }

  waiting(wait: BackfillWait): void {
    this.#drawnAt = this.#now();
    this.#line.show(clip(renderWait(wait), this.#line.columns));
  }

  noted(event: Observed<'noted'>): void {
    this.#log.noted?.(event);
  }

  finished(report: BackfillReport): void {
    this.#line.hide();
    this.#log.finished?.(report);
  }
}
