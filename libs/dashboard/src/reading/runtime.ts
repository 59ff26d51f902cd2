import { Inject, Injectable } from '@nestjs/common';
import { ModuleRef } from '@nestjs/core';
import { BackfillService, IndexesService, MigrationsService } from 'nestjs-backfill';
import { BackfillRecords } from 'nestjs-backfill/operate';
import { DashboardWithoutBackfillsError } from '../options/dashboard.error.js';

/** The services of nestjs-backfill in this application, also where BackfillModule is not global. */
@Injectable()
export class Runtime {
  readonly #moduleRef: ModuleRef;

  constructor(@Inject(ModuleRef) moduleRef: ModuleRef) {
    this.#moduleRef = moduleRef;
  }

  get records(): BackfillRecords {
    return this.#get(BackfillRecords);
  }

  get backfills(): BackfillService {
    return this.#get(BackfillService);
  }

  get migrations(): MigrationsService {
    return this.#get(MigrationsService);
  }

  get indexes(): IndexesService {
    return this.#get(IndexesService);
  }

  /** @throws DashboardWithoutBackfillsError */
  #get<T>(type: new (...args: never[]) => T): T {
    try {
      return this.#moduleRef.get<T>(type, { strict: false });
    } catch (error) {
      throw new DashboardWithoutBackfillsError(error);
    }
  }
}
