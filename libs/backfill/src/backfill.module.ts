import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule, ModulesContainer } from '@nestjs/core';
import { ImportedTwiceError } from './backfill.module.error.js';
import { ConfigurableModuleClass, type BackfillModuleOptions } from './backfill.module-definition.js';
import { BackfillService } from './backfills/backfill.service.js';
import { BackfillExplorer } from './backfills/declare/backfill.explorer.js';
import { ThrottleExplorer } from './backfills/throttle/throttle.explorer.js';
import { indexDirectoryProvider } from './deploy/index.directory.provider.js';
import { IndexesService } from './indexes/indexes.service.js';
import { MigrationsService } from './migrations/migrations.service.js';
import { IndexExplorer } from './indexes/declare/index.explorer.js';
import { CatchUpScheduler } from './schedule/catch-up.scheduler.js';

/**
 * Import it once, beside `TypeOrmModule.forRoot`; declare backfills as providers of any module.
 *
 * @publicApi
 */
@Module({
  imports: [DiscoveryModule],
  providers: [
    BackfillExplorer,
    BackfillService,
    CatchUpScheduler,
    IndexExplorer,
    indexDirectoryProvider,
    IndexesService,
    MigrationsService,
    ThrottleExplorer,
  ],
  exports: [BackfillService, IndexesService, MigrationsService],
})
export class BackfillModule extends ConfigurableModuleClass implements OnModuleInit {
  readonly #backfills: BackfillService;
  readonly #indexes: IndexesService;
  readonly #migrations: MigrationsService;
  readonly #catchUp: CatchUpScheduler;
  readonly #modules: ModulesContainer;

  constructor(
    @Inject(BackfillService) backfills: BackfillService,
    @Inject(IndexesService) indexes: IndexesService,
    @Inject(MigrationsService) migrations: MigrationsService,
    @Inject(CatchUpScheduler) catchUp: CatchUpScheduler,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    super();
    this.#backfills = backfills;
    this.#indexes = indexes;
    this.#migrations = migrations;
    this.#catchUp = catchUp;
    this.#modules = modules;
  }

  /** @param options all have defaults */
  static override forRoot(
    options: BackfillModuleOptions & { readonly isGlobal?: boolean } = {},
  ): DynamicModule {
    return super.forRoot(options);
  }

  /** A declaration that cannot work stops the start, in every mode, before anything runs. */
  async onModuleInit(): Promise<void> {
    const copies = [...this.#modules.values()].filter(({ metatype }) => metatype === BackfillModule);
    if (copies.length > 1) throw new ImportedTwiceError();
    this.#backfills.declare();
    this.#indexes.declare();
    this.#migrations.guard();
    await this.#catchUp.declare();
  }
}
