import { GuardError } from '../guard.error.js';

/**
 * Migrations change rows, or could not be checked.
 *
 * @publicApi
 */
export class DataInMigrationsError extends GuardError {
  constructor(paths: readonly string[], report: string) {
    super(`migrations in ${paths.join(', ')} change data:\n\n${report}`, {
      subject: paths.join(', '),
      remedy: 'Move the data change into a backfill: `npx nestjs-backfill-guard extract FILE` proposes one.',
    });
  }
}
