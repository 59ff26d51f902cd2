import { BackfillError } from '../errors/backfill.error.js';

/**
 * The root module of the application does not import `BackfillModule`.
 *
 * @publicApi
 */
export class BackfillModuleMissingError extends BackfillError {
  constructor(module: string, cause: unknown) {
    super(`${module} does not import BackfillModule, so there is nothing to run.`, {
      subject: module,
      remedy: `Add it to the imports of ${module}: BackfillModule.forRoot().`,
      cause,
    });
  }
}
