import { BackfillError } from '../../backfill.error.js';

/** The entity's table is not in the database as the entity says. */
export class TableMismatchError extends BackfillError {
  constructor(backfill: string, problem: string, remedy: string) {
    super(`Backfill "${backfill}": ${problem}.`, { subject: backfill, remedy });
  }
}

/** The statement that a backfill's SQL makes is not accepted by PostgreSQL. */
export class InvalidStatementError extends BackfillError {
  constructor(backfill: string, cause: unknown) {
    super(
      `Backfill "${backfill}": PostgreSQL does not accept its statement: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        subject: backfill,
        remedy:
          'Run the schema migrations first if a column is missing; else correct the SQL in `where` or in the class.',
        cause,
      },
    );
  }
}

/** The pending predicate cannot be evaluated on a row: which row that is cannot be asked either. */
export class FailingPredicateError extends BackfillError {
  constructor(backfill: string, cause: unknown) {
    super(
      `Backfill "${backfill}": its pending predicate fails on a row: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        subject: backfill,
        remedy:
          "Write `where` so that it holds or does not hold for every row, e.g. `note ~ '^[0-9]+$'` instead of a cast; if it takes long, give it an index.",
        cause,
      },
    );
  }
}

/** More rows in quarantine than allowed. */
export class TooManyQuarantinedError extends BackfillError {
  constructor(backfill: string, limit: number, inCommon: string) {
    super(`Backfill "${backfill}": more than ${limit} rows cannot be changed. ${inCommon}`, {
      subject: backfill,
      remedy:
        'Mend the cause, then run it again with --retry-quarantined; or raise `maxQuarantined` if so many are expected.',
    });
  }
}

/** What `transform()` returned does not fit the rows that it was given. */
export class TransformResultError extends BackfillError {
  constructor(backfill: string, problem: string, remedy: string) {
    super(`Backfill "${backfill}": transform() ${problem}.`, { subject: backfill, remedy });
  }
}

/**
 * Throw it (or an error with it as `cause`) from `transform()` or `process()` when the fault lies outside the rows, e.g. a
 * service that does not answer: the batch is tried again later instead of looking for a poisonous row.
 *
 * @publicApi
 */
export class BackfillRetryError extends BackfillError {
  constructor(reason: string, cause?: unknown) {
    super(reason, {
      subject: 'batch',
      remedy: 'The batch is tried again after a pause; if it goes on, the run stops with work left.',
      cause,
    });
  }
}

/** The row was changed, and the pending predicate still holds for it. */
export class StillPendingError extends BackfillError {
  constructor(backfill: string) {
    super('The row still matches the pending predicate after its change', {
      subject: backfill,
      remedy: 'Let the change make `where` false for every row, then run with --retry-quarantined.',
    });
  }
}
