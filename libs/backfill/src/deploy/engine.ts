import type { INestApplicationContext } from '@nestjs/common';
import type { PlanReport } from '../backfills/report/plan.js';
import type { BackfillPhaseReport } from '../backfills/report/report.js';
import type { RunRequest } from '../backfills/report/request.js';
import type { StatusReport } from '../backfills/report/status-report.js';
import { BackfillError } from '../backfill.error.js';

/** What one-shot mode asks of the phase that runs backfills. */
export interface BackfillEngine {
  run(request?: RunRequest): Promise<BackfillPhaseReport>;
  plan(request?: Pick<RunRequest, 'names' | 'tenants'>): Promise<PlanReport>;
  status(request?: Pick<RunRequest, 'names'>): Promise<StatusReport>;
}

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

export const BACKFILL_ENGINE = Symbol.for('nestjs-backfill:engine');

/** @throws {BackfillModuleMissingError} */
export function engineOf(app: INestApplicationContext, module: string): BackfillEngine {
  try {
    return app.get<BackfillEngine>(BACKFILL_ENGINE, { strict: false });
  } catch (error) {
    throw new BackfillModuleMissingError(module, error);
  }
}
