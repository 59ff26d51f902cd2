import { BackfillError } from '../backfill.error.js';

/** Migrations change rows, or could not be checked. @publicApi */
export class DataInMigrationsError extends BackfillError {
  constructor(paths: readonly string[], report: string) {
    super(`migrations in ${paths.join(', ')} change data:\n\n${report}`, {
      subject: paths.join(', '),
      remedy: 'Move the data change into a backfill: `npx nestjs-backfill extract FILE` proposes one.',
    });
  }
}
