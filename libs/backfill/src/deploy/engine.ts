import type { INestApplicationContext } from '@nestjs/common';
import { BackfillError } from '../errors/backfill.error.js';
import { BackfillService } from '../backfills/backfill.service.js';
import { IndexesService } from '../indexes/indexes.service.js';
import { MigrationsService } from '../migrations/migrations.service.js';

/** What one-shot mode asks of the phase that runs backfills. */
export type BackfillEngine = Pick<BackfillService, 'run' | 'plan' | 'status'>;

/** What one-shot mode asks of a running backfill. */
export type BackfillControls = Pick<
  BackfillService,
  'set' | 'pause' | 'resume' | 'cancel' | 'assertDeclared'
>;

/** What one-shot mode asks of the phase that runs migrations. */
export type MigrationEngine = Pick<MigrationsService, 'run' | 'status'>;

/** What one-shot mode asks of the phase that builds indexes. */
export type IndexEngine = Pick<IndexesService, 'run' | 'status'>;

/** @publicApi */
export class BackfillModuleMissingError extends BackfillError {
  constructor(module: string, cause: unknown) {
    super(`${module} does not import BackfillModule, so it has nothing to run.`, {
      subject: module,
      remedy: `Add it to the imports of ${module}: BackfillModule.forRoot().`,
      cause,
    });
  }
}

/** @throws {BackfillModuleMissingError} */
export function engineOf(app: INestApplicationContext, module: string): BackfillEngine {
  return find(() => app.get(BackfillService, { strict: false }), module);
}

/** @throws {BackfillModuleMissingError} */
export function controlsOf(app: INestApplicationContext, module: string): BackfillControls {
  return find(() => app.get(BackfillService, { strict: false }), module);
}

/** @throws {BackfillModuleMissingError} */
export function migrationsOf(app: INestApplicationContext, module: string): MigrationEngine {
  return find(() => app.get(MigrationsService, { strict: false }), module);
}

/** @throws {BackfillModuleMissingError} */
export function indexesOf(app: INestApplicationContext, module: string): IndexEngine {
  return find(() => app.get(IndexesService, { strict: false }), module);
}

function find<Engine>(get: () => Engine, module: string): Engine {
  try {
    return get();
  } catch (error) {
    throw new BackfillModuleMissingError(module, error);
  }
}
