import type { BackfillObserver } from '../report/observer.js';
import { wrapObserver } from '../report/observer.wrapper.js';
import type { BackfillReport } from '../report/report.js';

/**
 * Keeps the reports of the backfills that have finished, for a run that is ended before it returns its own
 * report.
 */
export class RecordingObserver {
  readonly finished: BackfillReport[] = [];
  readonly observer: BackfillObserver;

  constructor(inner: BackfillObserver) {
    this.observer = wrapObserver(inner, {
      finished: (report) => {
        this.finished.push(report);
        inner.finished?.(report);
      },
    });
  }
}
