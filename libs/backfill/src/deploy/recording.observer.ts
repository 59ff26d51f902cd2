import type { BackfillObserver } from '../backfills/report/observer.js';
import type { BackfillReport } from '../backfills/report/report.js';

/** Keeps the reports of what has finished, for a run that is ended before it can report itself. */
export class RecordingObserver {
  readonly finished: BackfillReport[] = [];
  readonly observer: BackfillObserver;

  constructor(inner: BackfillObserver) {
    this.observer = {
      started: (event) => inner.started?.(event),
      progressed: (event) => inner.progressed?.(event),
      waiting: (event) => inner.waiting?.(event),
      noted: (event) => inner.noted?.(event),
      finished: (report) => {
        this.finished.push(report);
        inner.finished?.(report);
      },
    };
  }
}
