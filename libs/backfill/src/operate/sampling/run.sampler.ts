import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { BackfillRegistry } from '../../backfills/definition/backfill.registry.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import type { BackfillObserver } from '../../report/observer.js';
import { RunObservers } from '../../report/observers/run-observers.registry.js';
import { RunSample } from './run.sample.js';

/** Milliseconds between two samples of a run. */
const INTERVAL_MS = 5_000;

/**
 * Samples the progress of each run of this process into the ledger, so that charts survive restarts. A run of less than
 * one interval leaves no sample.
 */
@Injectable()
export class RunSampler implements OnModuleInit {
  readonly #registry: BackfillRegistry;
  readonly #ledgers: LedgerFactory;
  readonly #observers: RunObservers;
  readonly #running = new Map<string, RunSample>();
  readonly #ended = new Set<Promise<void>>();

  constructor(
    @Inject(BackfillRegistry) registry: BackfillRegistry,
    @Inject(LedgerFactory) ledgers: LedgerFactory,
    @Inject(RunObservers) observers: RunObservers,
  ) {
    this.#registry = registry;
    this.#ledgers = ledgers;
    this.#observers = observers;
  }

  onModuleInit(): void {
    this.#observers.add({ observer: this.#observer(), flush: () => this.#flush() });
  }

  #observer(): BackfillObserver {
    return {
      started: ({ name }) => this.#start(name),
      progressed: (progress) => this.#running.get(progress.name)?.progressed(progress),
      waiting: ({ name, waitingFor, throttles }) =>
        this.#running.get(name)?.waiting(waitingFor, throttles === undefined ? 'other' : 'throttle'),
      finished: ({ name }) => this.#end(name),
    };
  }

  #start(name: string): void {
    // A run by tenants, or in turns, starts once for each of its parts.
    const running = this.#running.get(name);
    if (running) return running.partStarted();
    const sample = new RunSample(this.#registry.get(name), this.#ledgers.forRun(), INTERVAL_MS);
    this.#running.set(name, sample);
  }

  #end(name: string): void {
    const sample = this.#running.get(name);
    if (!sample) return;
    this.#running.delete(name);
    const ended = sample.end().finally(() => this.#ended.delete(ended));
    this.#ended.add(ended);
  }

  async #flush(): Promise<void> {
    await Promise.all(this.#ended);
  }
}
