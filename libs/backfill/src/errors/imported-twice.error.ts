import { BackfillError } from './backfill.error.js';

/**
 * `BackfillModule.forRoot` is imported more than once. Each copy would run, guard and catch up on the same
 * backfills.
 *
 * @publicApi
 */
export class ImportedTwiceError extends BackfillError {
  constructor() {
    super('BackfillModule.forRoot is imported twice.', {
      subject: 'BackfillModule',
      remedy:
        'Import it once, in the root module: it is global. A feature module only provides its classes with @Backfill.',
    });
  }
}
