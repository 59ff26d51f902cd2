import type { INestApplicationContext } from '@nestjs/common';
import { BackfillService } from '../backfills/backfill.service.js';
import { IndexesService } from '../indexes/indexes.service.js';
import { MigrationsService } from '../migrations/migrations.service.js';
import { PhaseObservers } from '../report/observers/phase-observers.registry.js';
import { GrantsReader } from './grants/grants.reader.js';
import { BackfillModuleMissingError } from './module-missing.error.js';

/** The part of the services that a deployment and one-shot mode use. */
export type BackfillPhaseService = Pick<
  BackfillService,
  'run' | 'plan' | 'status' | 'set' | 'pause' | 'resume' | 'cancel' | 'prune' | 'forget' | 'assertDeclared'
>;
export type MigrationPhaseService = Pick<MigrationsService, 'run' | 'status' | 'requiredBackfills'>;
export type IndexPhaseService = Pick<IndexesService, 'run' | 'status'>;

/**
 * The services of the three phases in an application. Each getter throws a `BackfillModuleMissingError` if
 * there is none.
 */
export class PhaseServices {
  readonly #app: INestApplicationContext;
  readonly #rootModule: string;

  /** @param rootModule the name of the root module, for the error message */
  constructor(app: INestApplicationContext, rootModule: string) {
    this.#app = app;
    this.#rootModule = rootModule;
  }

  get migrations(): MigrationPhaseService {
    return this.#get(MigrationsService);
  }

  get indexes(): IndexPhaseService {
    return this.#get(IndexesService);
  }

  get observers(): Pick<PhaseObservers, 'notify'> {
    return this.#get(PhaseObservers);
  }

  get backfills(): BackfillPhaseService {
    return this.#get(BackfillService);
  }

  get grants(): Pick<GrantsReader, 'read'> {
    return this.#get(GrantsReader);
  }

  #get<Service>(type: abstract new (...parameters: never[]) => Service): Service {
    try {
      return this.#app.get<Service>(type, { strict: false });
    } catch (error) {
      throw new BackfillModuleMissingError(this.#rootModule, error);
    }
  }
}
