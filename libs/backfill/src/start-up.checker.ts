import { Inject, Injectable } from '@nestjs/common';
import { BackfillService } from './backfills/backfill.service.js';
import { IndexesService } from './indexes/indexes.service.js';
import { MigrationsService } from './migrations/migrations.service.js';
import { CatchUpScheduler } from './schedule/catch-up.scheduler.js';

/** Checks every declaration of the application. Sends no query. */
@Injectable()
export class StartUpChecker {
  readonly #backfills: BackfillService;
  readonly #indexes: IndexesService;
  readonly #migrations: MigrationsService;
  readonly #catchUp: CatchUpScheduler;

  constructor(
    @Inject(BackfillService) backfills: BackfillService,
    @Inject(IndexesService) indexes: IndexesService,
    @Inject(MigrationsService) migrations: MigrationsService,
    @Inject(CatchUpScheduler) catchUp: CatchUpScheduler,
  ) {
    this.#backfills = backfills;
    this.#indexes = indexes;
    this.#migrations = migrations;
    this.#catchUp = catchUp;
  }

  /** @throws BackfillError for the first invalid declaration */
  async check(): Promise<void> {
    this.#backfills.declare();
    this.#indexes.declare();
    this.#migrations.guard();
    await this.#catchUp.declare();
  }
}
