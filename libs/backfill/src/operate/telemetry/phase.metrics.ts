import type {
  IndexEvent,
  MigrationEvent,
  PhaseObserver,
} from '../../report/observers/phase-observers.registry.js';
import type { Histogram, Meter } from './telemetry.loader.js';

/** In seconds. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];

/** Measures the migrations and index builds of this process. */
export class PhaseMetrics implements PhaseObserver {
  readonly #duration: Histogram;
  readonly #locks: Histogram;
  /** The last share of each index that this process has built or is building. */
  readonly #shares = new Map<string, IndexEvent & { readonly share: number }>();

  constructor(meter: Meter) {
    const advice = { explicitBucketBoundaries: BUCKETS };
    this.#duration = meter.createHistogram('migration.duration', {
      description: 'Duration of a migration',
      unit: 's',
      advice,
    });
    this.#locks = meter.createHistogram('migration.lock.duration', {
      description: 'Time for which a migration has held a lock that makes other statements wait',
      unit: 's',
      advice,
    });
    const progress = meter.createObservableGauge('index.build.progress', {
      description: 'The share of an index build of this process that is done, from 0 to 1',
      unit: '1',
    });
    progress.addCallback((result) => {
      for (const { name, table, share } of this.#shares.values())
        result.observe(share, { 'index.name': name, 'db.collection.name': table });
    });
  }

  migrated({ name, dataSource, outcome, durationMs, locks }: MigrationEvent): void {
    const attributes = { 'migration.name': name, 'migration.data_source': dataSource };
    this.#duration.record(durationMs / 1000, { ...attributes, 'migration.outcome': outcome });
    for (const { relation, mode, heldMs } of locks)
      this.#locks.record(heldMs / 1000, {
        ...attributes,
        'db.collection.name': relation,
        'migration.lock.mode': mode,
      });
  }

  /** A failed build disappears: its index does not exist. */
  indexProgressed({ name, table, share }: IndexEvent): void {
    const key = `${table} ${name}`;
    if (share === null) this.#shares.delete(key);
    else this.#shares.set(key, { name, table, share });
  }
}
