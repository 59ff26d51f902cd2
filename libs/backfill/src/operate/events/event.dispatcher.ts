import {
  Inject,
  Injectable,
  Logger,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
} from '@nestjs/common';
import { DataSourceRegistry } from '../../data-sources/data-source.registry.js';
import { LedgerFactory } from '../../ledger/ledger.factory.js';
import { EventDelivery } from './event.delivery.js';
import { type EventHandler, HandlerExplorer } from './handler.explorer.js';

/** Milliseconds between two reads of the ledger. */
const INTERVAL_MS = 1_000;
/** A shutdown does not wait longer for the methods of the application. */
const MAX_SHUTDOWN_MS = 5_000;

/** Delivers events while the application runs. Without a method with `@OnBackfill`, it does nothing. */
@Injectable()
export class EventDispatcher implements OnApplicationBootstrap, OnModuleDestroy {
  readonly #explorer: HandlerExplorer;
  readonly #dataSources: DataSourceRegistry;
  readonly #ledgers: LedgerFactory;
  readonly #logger = new Logger('BackfillEvents');
  #deliveries: readonly EventDelivery[] = [];
  #timer: NodeJS.Timeout | null = null;
  #current: Promise<void> | null = null;

  constructor(
    @Inject(HandlerExplorer) explorer: HandlerExplorer,
    @Inject(DataSourceRegistry) dataSources: DataSourceRegistry,
    @Inject(LedgerFactory) ledgers: LedgerFactory,
  ) {
    this.#explorer = explorer;
    this.#dataSources = dataSources;
    this.#ledgers = ledgers;
  }

  /** The subscribers are recorded before the first run of this process. @throws EventHandlerError */
  async onApplicationBootstrap(): Promise<void> {
    const handlers: readonly EventHandler[] = this.#explorer.explore();
    if (handlers.length === 0) return;
    this.#deliveries = this.#dataSources.postgres.map(
      (named) =>
        new EventDelivery(named, handlers, {
          ledger: this.#ledgers.forRun(),
          schema: this.#ledgers.schema,
          logger: this.#logger,
        }),
    );
    await Promise.all(this.#deliveries.map((delivery) => delivery.begin()));
    this.#timer = setInterval(() => this.#tick(), INTERVAL_MS).unref();
  }

  /** Delivers what this process has caused, e.g. in a one-shot run. */
  async onModuleDestroy(): Promise<void> {
    if (this.#timer === null) return;
    clearInterval(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, MAX_SHUTDOWN_MS)));
    await Promise.race([this.#finish(), timeout]);
    clearTimeout(timer);
  }

  async #finish(): Promise<void> {
    await this.#current;
    await this.#poll();
  }

  #tick(): void {
    this.#current ??= this.#poll().finally(() => (this.#current = null));
  }

  async #poll(): Promise<void> {
    await Promise.all(this.#deliveries.map((delivery) => delivery.poll()));
  }
}
