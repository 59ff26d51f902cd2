import { Inject, Injectable, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { BackfillRecords } from '../../backfills/records/records.service.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import { PACKAGE_VERSION } from '../../identity/package-version.js';
import { RunObservers } from '../../report/observers/run-observers.registry.js';
import { addLagGauge } from './lag.gauge.js';
import { LedgerGauges } from './ledger.gauges.js';
import { MetricsObserver } from './metrics.observer.js';
import { PhaseMetrics } from './phase.metrics.js';
import { RunLinker } from './run.linker.js';
import { SpanObserver } from './span.observer.js';
import { SpanTree } from './span.tree.js';
import { loadTelemetry, type Meter, type TelemetryApi } from './telemetry.loader.js';
import { WalObserver } from './wal.observer.js';

const SCOPE = 'nestjs-backfill';

/**
 * Metrics and spans through @opentelemetry/api. Without that package nothing is created. Nothing is measured for an
 * application that has registered no SDK for metrics before: a meter that was made without one stays without one.
 */
@Injectable()
export class RunTelemetry implements OnModuleInit, OnModuleDestroy {
  readonly #observers: RunObservers;
  readonly #records: BackfillRecords;
  readonly #registry: BackfillRegistry;
  readonly #ledgers: LedgerFactory;
  #gauges: LedgerGauges | null = null;

  constructor(
    @Inject(RunObservers) observers: RunObservers,
    @Inject(BackfillRecords) records: BackfillRecords,
    @Inject(BackfillRegistry) registry: BackfillRegistry,
    @Inject(LedgerFactory) ledgers: LedgerFactory,
  ) {
    this.#observers = observers;
    this.#records = records;
    this.#registry = registry;
    this.#ledgers = ledgers;
  }

  async onModuleInit(): Promise<void> {
    const api = await loadTelemetry();
    if (api === null) return;
    const meter = api.metrics.getMeter(SCOPE, PACKAGE_VERSION);
    if (meter !== api.createNoopMeter?.()) this.#addMetrics(meter);
    this.#addSpans(api);
  }

  #addMetrics(meter: Meter): void {
    this.#gauges = new LedgerGauges(meter, this.#records);
    addLagGauge(meter, this.#registry);
    this.#observers.phases.add(new PhaseMetrics(meter));
    this.#observers.add({ observer: new MetricsObserver(meter) });
    const wal = new WalObserver(meter, this.#registry);
    this.#observers.add({ observer: wal, flush: () => wal.flush() });
  }

  #addSpans(api: TelemetryApi): void {
    const linker = new RunLinker(this.#registry, this.#ledgers);
    const tree = new SpanTree(api, api.trace.getTracer(SCOPE, PACKAGE_VERSION));
    const spans = new SpanObserver(tree, (name, span) => linker.link(name, span));
    this.#observers.phases.add(spans);
    this.#observers.add({ observer: spans, flush: () => spans.flush() });
  }

  onModuleDestroy(): void {
    this.#gauges?.stop();
  }
}
