import { BackfillError } from '../../errors/backfill.error.js';
import { renderDuration } from '../../text/format.js';

/**
 * The application could not be started because its database did not answer: outcome `failed`, which is a warning.
 *
 * @publicApi
 */
export class DatabaseUnreachableError extends BackfillError {
  constructor(timeoutMs: number, lastWords: string | undefined, cause?: unknown) {
    super(
      `The database could not be reached within ${renderDuration(timeoutMs)}: ${lastWords ?? 'it did not answer'}.`,
      {
        subject: 'database',
        remedy:
          'Nothing was changed. Start the run again when the database answers, or raise --connect-timeout.',
        cause,
      },
    );
  }
}

/**
 * The database answered, and does not let the application in: exit code 2, as waiting does not mend it.
 *
 * @publicApi
 */
export class DatabaseRefusedError extends BackfillError {
  constructor(words: string, sqlState: string, cause: unknown) {
    super(`The database does not let the application in: ${words} (SQLSTATE ${sqlState}).`, {
      subject: 'database',
      remedy: 'Check host, user, password and database name of the TypeORM data source.',
      cause,
    });
  }
}

/** The run was asked to stop while the application was still starting. */
export class StoppedAtStartError extends BackfillError {
  constructor(reason: string) {
    super(`${reason} before the run had begun.`, {
      subject: reason,
      remedy: 'Nothing was changed. Start the run again.',
    });
  }
}
