import { BackfillError } from '../errors/backfill.error.js';
import { quoteIdentifier } from '../postgres/identifiers.js';

/** The entity's table is not in the database as the entity says. */
export class TableMismatchError extends BackfillError {
  constructor(backfill: string, problem: string, remedy: string) {
    super(`Backfill "${backfill}": ${problem}.`, { subject: backfill, remedy });
  }
}

/** Row-level security keeps rows out of sight: what is not seen would be taken for done. */
export class RowsHiddenError extends TableMismatchError {
  constructor(backfill: string, table: string, role: string) {
    super(
      backfill,
      `row-level security hides rows of ${table} from the role ${quoteIdentifier(role)}; they would pass for done`,
      `Run the backfills as a role that sees every row: one with BYPASSRLS, or with a policy of its own: CREATE POLICY backfill ON ${table} TO ${quoteIdentifier(role)} USING (true).`,
    );
  }
}

/** No index leads through the table by its key: every batch would read it all. */
export class KeyNotIndexedError extends TableMismatchError {
  constructor(backfill: string, table: string, columns: readonly string[]) {
    const list = columns.map(quoteIdentifier).join(', ');
    super(
      backfill,
      `no index of ${table} begins with the columns of the entity's key (${list}), so that each batch would read the whole table`,
      `Declare the table's real primary key in the entity, or build an index: CREATE UNIQUE INDEX CONCURRENTLY ON ${table} (${list}).`,
    );
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

/** `process()` went on after a statement had failed, which PostgreSQL answers by undoing the whole transaction. */
export class SwallowedDatabaseError extends BackfillError {
  constructor(backfill: string, cause: unknown) {
    super('process() caught an error of the database and went on; the transaction cannot be saved any more', {
      subject: backfill,
      remedy:
        'Let the error out, so that the row that it is about is found; or run the statement in `manager.transaction()`, which undoes that alone.',
      cause,
    });
  }
}

/** `process()` ended the batch's transaction: rows and cursor would not commit together. */
export class TransactionEndedError extends BackfillError {
  constructor(backfill: string) {
    super(`Backfill "${backfill}": process() ended the batch's transaction.`, {
      subject: backfill,
      remedy: 'Leave COMMIT and ROLLBACK to the backfill; `manager.transaction()` nests in its transaction.',
    });
  }
}
