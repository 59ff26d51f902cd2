import type { BackfillObserver, BackfillProgress, BackfillWait } from '../../report/observer.js';
import type { BackfillReport } from '../../report/report.js';
import type { Counter, Histogram, Meter } from './telemetry.loader.js';

/** In seconds: a batch aims at 20 ms. */
const DURATION_BUCKETS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const SIZE_BUCKETS = [1, 5, 10, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000];

/** What the last batch of a run has reported. */
interface Running {
  updated: number;
  batches: number;
  throttle: string | null;
  /** By performance.now(). */
  throttledSince: number;
}

/** Counts rows, batches and waits of the runs of this process. */
export class MetricsObserver implements BackfillObserver {
  readonly #rows: Counter;
  readonly #duration: Histogram;
  readonly #size: Histogram;
  readonly #throttled: Counter;
  readonly #runs: Histogram;
  readonly #running = new Map<string, Running>();

  constructor(meter: Meter) {
    this.#rows = meter.createCounter('backfill.rows', {
      description: 'Rows that this process has changed or put in quarantine',
      unit: '{row}',
    });
    this.#duration = meter.createHistogram('backfill.batch.duration', {
      description: "The server's time for a batch, without the pause after it",
      unit: 's',
      advice: { explicitBucketBoundaries: DURATION_BUCKETS },
    });
    this.#size = meter.createHistogram('backfill.batch.size', {
      description: 'Rows that a batch has changed',
      unit: '{row}',
      advice: { explicitBucketBoundaries: SIZE_BUCKETS },
    });
    this.#throttled = meter.createCounter('backfill.throttled.duration', {
      description: 'Time for which throttles have held the runs of this process',
      unit: 's',
    });
    this.#runs = meter.createHistogram('backfill.run.duration', {
      description: 'Duration of a run, by its result',
      unit: 's',
    });
  }

  started({ name }: { readonly name: string }): void {
    this.#running.set(name, { updated: 0, batches: 0, throttle: null, throttledSince: 0 });
  }

  progressed({ name, updated, batches, batchMs }: BackfillProgress): void {
    const running = this.#running.get(name);
    if (!running) return;
    const attributes = { 'backfill.name': name };
    const rows = updated - running.updated;
    if (rows > 0) this.#rows.add(rows, { ...attributes, 'backfill.outcome': 'updated' });
    if (batches > running.batches) {
      this.#size.record(Math.max(0, rows), attributes);
      if (batchMs !== undefined) this.#duration.record(batchMs / 1000, attributes);
    }
    running.updated = updated;
    running.batches = batches;
    this.#endThrottle(name, running);
  }

  waiting({ name, throttles }: BackfillWait): void {
    const running = this.#running.get(name);
    if (!running) return;
    this.#endThrottle(name, running);
    const [first] = throttles ?? [];
    running.throttle = first?.name ?? null;
    running.throttledSince = performance.now();
  }

  quarantined({ name }: { readonly name: string }): void {
    this.#rows.add(1, { 'backfill.name': name, 'backfill.outcome': 'quarantined' });
  }

  finished({ name, status, durationMs }: BackfillReport): void {
    const running = this.#running.get(name);
    if (running) this.#endThrottle(name, running);
    this.#running.delete(name);
    this.#runs.record(durationMs / 1000, { 'backfill.name': name, 'backfill.status': status });
  }

  #endThrottle(name: string, running: Running): void {
    if (running.throttle === null) return;
    const seconds = (performance.now() - running.throttledSince) / 1000;
    this.#throttled.add(seconds, { 'backfill.name': name, 'backfill.throttle': running.throttle });
    running.throttle = null;
  }
}
