import { BackfillError } from '../../errors/backfill.error.js';
import { messageOf } from '../../postgres/error-classes.js';
import { remedyFor } from '../../postgres/server/conditions.js';
import { formatDuration } from '../../text/duration.format.js';

/**
 * The application could not be started because its database did not answer within `--connect-timeout`. The
 * outcome is `failed`. In a run of backfills or indexes alone, the exit code is 0 (3 with `--strict`).
 *
 * @publicApi
 */
export class DatabaseUnreachableError extends BackfillError {
  constructor(timeoutMs: number, lastMessage: string | undefined, cause?: unknown) {
    super(
      `The database could not be reached within ${formatDuration(timeoutMs)}: ${lastMessage ?? 'it did not answer'}.`,
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
 * The database answered but refused the session, e.g. because of a wrong password. The exit code is 2:
 * waiting does not help.
 *
 * @publicApi
 */
export class DatabaseRefusedError extends BackfillError {
  constructor(message: string, sqlState: string, cause: unknown) {
    super(`The database refused the connection: ${message} (SQLSTATE ${sqlState}).`, {
      subject: 'database',
      remedy: remedyFor(cause, 'Check host, user, password and database name of the TypeORM data source.'),
      cause,
    });
  }
}

/**
 * A provider, a hook (`onModuleInit`, `onApplicationBootstrap`) or a data source threw an error while the application
 * was starting. `cause` is that error. The exit code is 2.
 *
 * @publicApi
 */
export class ApplicationStartError extends BackfillError {
  /** @param place the first line of the error's stack that belongs to the application; undefined if there is none */
  constructor(place: string | undefined, cause: unknown) {
    // The message may be a sentence of its own.
    const problem = messageOf(cause).replace(/\.$/, '');
    super(`The application could not be started: ${problem}${place ? ` (${place})` : ''}.`, {
      subject: 'application',
      remedy: remedyFor(
        cause,
        'Nothing was run. Correct the cause, which also prevents a start of the server.',
      ),
      cause,
    });
  }
}

/** A signal stopped the run while the application was starting. @publicApi */
export class StoppedAtStartError extends BackfillError {
  constructor(reason: string) {
    super(`${reason} before the run started.`, {
      subject: reason,
      remedy: 'Nothing was changed. Start the run again.',
    });
  }
}
