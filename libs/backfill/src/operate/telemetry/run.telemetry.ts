import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { BackfillRecords } from '../../backfills/records/records.service.js';
import { PACKAGE_VERSION } from '../../identity/package-version.js';
import { RunObservers } from '../../report/run-observers.registry.js';
import { LedgerGauges } from './ledger.gauges.js';
import { MetricsObserver } from './metrics.observer.js';
import { SpanObserver } from './span.observer.js';
import { loadTelemetry } from './telemetry.loader.js';

const SCOPE = 'nestjs-backfill';

/**
 * Metrics and spans through @opentelemetry/api. Without that package nothing is created, and without an SDK the package
 * ignores what it gets.
 */
@Injectable()
export class RunTelemetry implements OnModuleInit, OnModuleDestroy {
  readonly #observers: RunObservers;
  readonly #records: BackfillRecords;
  #gauges: LedgerGauges | null = null;

  constructor(
    @Inject(RunObservers) observers: RunObservers,
    @Inject(BackfillRecords) records: BackfillRecords,
  ) {
    this.#observers = observers;
    this.#records = records;
  }

  async onModuleInit(): Promise<void> {
    const api = await loadTelemetry();
    if (api === null) return;
    const meter = api.metrics.getMeter(SCOPE, PACKAGE_VERSION);
    this.#gauges = new LedgerGauges(meter, this.#records);
    this.#observers.add({ observer: new MetricsObserver(meter) });
    this.#observers.add({ observer: new SpanObserver(api.trace.getTracer(SCOPE, PACKAGE_VERSION)) });
  }

  onModuleDestroy(): void {
    this.#gauges?.stop();
  }
}
