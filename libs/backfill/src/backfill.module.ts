import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { ImportedTwiceError } from './errors/imported-twice.error.js';
import { ConfigurableModuleClass, type BackfillModuleOptions } from './backfill.module-definition.js';
import { optionsProviders } from './backfill.options.providers.js';
import { RedactionScope } from './errors/redaction.scope.js';
import { BackfillService } from './backfills/backfill.service.js';
import { BackfillExplorer } from './backfills/definition/backfill.explorer.js';
import { BackfillRegistry } from './backfills/definition/backfill.registry.js';
import { BackfillRecords } from './backfills/records/records.service.js';
import { ThrottleExplorer } from './backfills/throttle/throttle.explorer.js';
import { DataSourceExplorer } from './data-sources/data-source.explorer.js';
import { DataSourceRegistry } from './data-sources/data-source.registry.js';
import { GrantsReader } from './deploy/grants/grants.reader.js';
import { contractBackfillsProvider } from './deploy/providers/contract-backfills.provider.js';
import { indexDirectoryProvider } from './deploy/providers/index.directory.provider.js';
import { indexReadinessProvider } from './deploy/providers/index.readiness.provider.js';
import { assertOneVersion } from './identity/loaded-copies.js';
import { IndexExplorer } from './indexes/declare/index.explorer.js';
import { IndexesService } from './indexes/indexes.service.js';
import { LedgerFactory } from './ledger/ledger.factory.js';
import { MigrationsService } from './migrations/migrations.service.js';
import { PhaseObservers } from './report/observers/phase-observers.registry.js';
import { RunObservers } from './report/observers/run-observers.registry.js';
import { EventDispatcher } from './operate/events/event.dispatcher.js';
import { HandlerExplorer } from './operate/events/handler.explorer.js';
import { RunEvents } from './operate/events/run.events.js';
import { BackfillHealthIndicator } from './operate/health/backfill.health.js';
import { RunTelemetry } from './operate/telemetry/run.telemetry.js';
import { RunSampler } from './operate/sampling/run.sampler.js';
import { CatchUpScheduler } from './schedule/catch-up.scheduler.js';
import { RoundQueue } from './schedule/round/round.queue.js';
import { StartUpChecker } from './start-up.checker.js';

/**
 * The module of the library. Import it once, in the root module, beside `TypeOrmModule.forRoot`. Any module
 * of the application can provide backfills.
 *
 * @publicApi
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    ...optionsProviders,
    BackfillExplorer,
    BackfillHealthIndicator,
    BackfillRecords,
    BackfillRegistry,
    BackfillService,
    CatchUpScheduler,
    contractBackfillsProvider,
    DataSourceExplorer,
    DataSourceRegistry,
    EventDispatcher,
    GrantsReader,
    HandlerExplorer,
    IndexExplorer,
    indexDirectoryProvider,
    indexReadinessProvider,
    IndexesService,
    LedgerFactory,
    MigrationsService,
    PhaseObservers,
    RedactionScope,
    RoundQueue,
    RunEvents,
    RunObservers,
    RunSampler,
    RunTelemetry,
    StartUpChecker,
    ThrottleExplorer,
  ],
  exports: [BackfillHealthIndicator, BackfillRecords, BackfillService, IndexesService, MigrationsService],
})
export class BackfillModule extends ConfigurableModuleClass implements OnModuleInit {
  readonly #startUp: StartUpChecker;
  readonly #modules: ModulesContainer;

  constructor(
    @Inject(StartUpChecker) startUp: StartUpChecker,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    this.#startUp = startUp;
    this.#modules = modules;
  }

  /**
   * @param options every option has a default; with `isGlobal: false`, only modules that import
   * `BackfillModule` can inject its services
   */
  static override forRoot(
    options: BackfillModuleOptions & { readonly isGlobal?: boolean } = {},
  ): DynamicModule {
    return super.forRoot(options);
  }

  /**
   * Checks all declarations before any work begins, in every mode.
   *
   * @throws ImportedTwiceError, DuplicateVersionError; BackfillError for the first invalid declaration
   */
  async onModuleInit(): Promise<void> {
    const copies = [...this.#modules.values()].filter(({ metatype }) => metatype === BackfillModule);
    if (copies.length > 1) throw new ImportedTwiceError();
    assertOneVersion();
    await this.#startUp.check();
  }
}
