import type { INestApplicationContext } from '@nestjs/common';
import { BackfillError } from '../backfill.error.js';
import { BackfillService } from '../backfills/backfill.service.js';

/** What one-shot mode asks of the phase that runs backfills. */
export type BackfillEngine = Pick<BackfillService, 'run' | 'plan' | 'status'>;

/** @publicApi */
export class BackfillModuleMissingError extends BackfillError {
  constructor(module: string, cause: unknown) {
    super(`${module} does not import BackfillModule, so it has no backfills to run.`, {
      subject: module,
      remedy: `Add it to the imports of ${module}: BackfillModule.forRoot().`,
      cause,
    });
  }
}

/** @throws {BackfillModuleMissingError} */
export function engineOf(app: INestApplicationContext, module: string): BackfillEngine {
  try {
    return app.get(BackfillService, { strict: false });
  } catch (error) {
    throw new BackfillModuleMissingError(module, error);
  }
}
