import { Inject, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ConfigurableModuleClass, type BackfillModuleOptions } from './backfill.module-definition.js';
import { BackfillService } from './backfills/backfill.service.js';
import { BackfillExplorer } from './backfills/declare/backfill.explorer.js';

/**
 * Import it once, beside `TypeOrmModule.forRoot`; declare backfills as providers of any module.
 *
 * @publicApi
 */
@Module({
  imports: [DiscoveryModule],
  providers: [BackfillExplorer, BackfillService],
  exports: [BackfillService],
})
export class BackfillModule extends ConfigurableModuleClass implements OnModuleInit {
  readonly #service: BackfillService;

  constructor(@Inject(BackfillService) service: BackfillService) {
    super();
    this.#service = service;
  }

  /** @param options all have defaults */
  static override forRoot(
    options: BackfillModuleOptions & { readonly isGlobal?: boolean } = {},
  ): DynamicModule {
    return super.forRoot(options);
  }

  /** A declaration that cannot work stops the start, in every mode, before anything runs. */
  onModuleInit(): void {
    this.#service.declare();
  }
}
