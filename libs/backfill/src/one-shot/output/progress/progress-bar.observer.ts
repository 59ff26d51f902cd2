import type { BackfillObserver, BackfillProgress, BackfillWait } from '../../../report/observer.js';
import type { BackfillReport } from '../../../report/report.js';
import { clip } from '../text/display-width.js';
import { renderProgressBar, renderWait } from './progress.renderer.js';
import type { TerminalLine } from './terminal-line.js';

/** A batch may take less than a millisecond; more redraws than this only cost time. */
const REDRAW_INTERVAL_MS = 100;

type Line = Pick<TerminalLine, 'show' | 'hide' | 'columns'>;
type EventOf<Method extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Method]>>[0];

/** Shows the progress in the last line of the terminal and writes everything else as log lines above it. */
export class ProgressBarObserver implements BackfillObserver {
  readonly #line: Line;
  readonly #log: BackfillObserver;
  readonly #now: () => number;
  #lastDrawnMs = Number.NEGATIVE_INFINITY;

  /** @param now a clock in milliseconds */
  constructor(line: Line, log: BackfillObserver, now: () => number = () => performance.now()) {
    this.#line = line;
    this.#log = log;
    this.#now = now;
  }

  started(event: EventOf<'started'>): void {
    this.#log.started?.(event);
    this.#lastDrawnMs = Number.NEGATIVE_INFINITY;
  }

  progressed(progress: BackfillProgress): void {
    const now = this.#now();
    if (now - this.#lastDrawnMs < REDRAW_INTERVAL_MS) return;
    this.#lastDrawnMs = now;
    this.#line.show(renderProgressBar(progress, this.#line.columns));
  }

  waiting(wait: BackfillWait): void {
    this.#lastDrawnMs = this.#now();
    this.#line.show(clip(renderWait(wait), this.#line.columns));
  }

  noted(event: EventOf<'noted'>): void {
    this.#log.noted?.(event);
  }

  finished(report: BackfillReport): void {
    this.#line.hide();
    this.#log.finished?.(report);
  }
}
