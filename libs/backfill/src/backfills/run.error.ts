import { BackfillError, declareApplicationText } from '../errors/backfill.error.js';
import { messageOf, sqlState } from '../postgres/error-classes.js';
import { quoteIdentifier } from '../postgres/identifiers.js';
import { conditionOf, messageWithContext, remedyFor } from '../postgres/server/conditions.js';

/**
 * The database does not have the table, or a column of it, as the entity declares it.
 *
 * @publicApi
 */
export class TableMismatchError extends BackfillError {
  /** The first sentence of the message, without the backfill's name. */
  readonly problem: string;

  constructor(backfill: string, problem: string, remedy: string) {
    super(`Backfill "${backfill}": ${problem}.`, { subject: backfill, remedy });
    this.problem = problem;
  }
}

/** The table or a column does not exist. @publicApi */
export class NotInDatabaseError extends TableMismatchError {
  constructor(backfill: string, problem: string) {
    super(backfill, problem, 'Run the schema migrations before the backfills.');
  }
}

/**
 * Row-level security hides rows of the table from the role that runs the backfill. Hidden rows would count as
 * done.
 *
 * @publicApi
 */
export class RowsHiddenError extends TableMismatchError {
  constructor(backfill: string, table: string, role: string) {
    const quotedRole = quoteIdentifier(role);
    super(
      backfill,
      `row-level security hides rows of ${table} from the role ${quotedRole}, and hidden rows would count as done`,
      `Run the backfills as a role that sees every row: a role with BYPASSRLS, or one with a policy such as CREATE POLICY backfill ON ${table} TO ${quotedRole} USING (true).`,
    );
  }
}

/**
 * No index of a large table begins with the columns of the entity's key, so every batch would read the whole
 * table.
 *
 * @publicApi
 */
export class KeyNotIndexedError extends TableMismatchError {
  constructor(backfill: string, table: string, columns: readonly string[]) {
    const list = columns.map(quoteIdentifier).join(', ');
    super(
      backfill,
      `no index of ${table} begins with the columns of the entity's key (${list}), so each batch would read the whole table`,
      `Declare the table's real primary key in the entity, or build an index: CREATE UNIQUE INDEX CONCURRENTLY ON ${table} (${list}).`,
    );
  }
}

/**
 * PostgreSQL rejects the statement that is built from the backfill's SQL, for every row. `cause` is the
 * database's error.
 *
 * @publicApi
 */
export class InvalidStatementError extends BackfillError {
  constructor(backfill: string, cause: unknown) {
    super(`Backfill "${backfill}": PostgreSQL does not accept its statement: ${messageWithContext(cause)}.`, {
      subject: backfill,
      remedy: remedyFor(cause, 'Correct the SQL in `where` or in the class.'),
      cause,
    });
  }
}

/**
 * A statement that the application's `transform()` or `process()` sends fails, for every row. `cause` is the database's
 * error.
 *
 * @publicApi
 */
export class CodeStatementError extends BackfillError {
  constructor(backfill: string, cause: unknown) {
    super(
      `Backfill "${backfill}": a query of its transform() or process() fails: ${messageWithContext(cause)}.`,
      {
        subject: backfill,
        remedy: remedyForCode(cause),
        cause,
      },
    );
  }
}

/** Remedies of the library's own statements do not apply to those of the code. */
function remedyForCode(cause: unknown): string {
  const remedy = conditionOf(cause)?.remedy;
  if (remedy !== undefined && !/`where`|predicate/.test(remedy)) return remedy;
  const migrations = /^42(703|P01)$/.test(sqlState(cause) ?? '')
    ? 'If a migration adds it, run the schema migrations first: nest start -- --migrate. Otherwise correct'
    : 'Correct';
  return `${migrations} the query in the code of the class.`;
}

/**
 * The role of the data source lacks a right. `cause` is the database's error.
 *
 * @publicApi
 */
export class MissingRightError extends BackfillError {
  /** @param grants the statements that give the role its missing rights */
  constructor(backfill: string, cause: unknown, role: string, grants: readonly string[]) {
    super(`Backfill "${backfill}": the role ${quoteIdentifier(role)} lacks a right: ${messageOf(cause)}.`, {
      subject: backfill,
      remedy: `Run as the owner: ${grants.map((grant) => `${grant};`).join(' ')}`,
      cause,
    });
  }
}

/**
 * PostgreSQL cannot evaluate the pending predicate on some row, so it cannot find that row either. `cause` is
 * the database's error.
 *
 * @publicApi
 */
export class FailingPredicateError extends BackfillError {
  constructor(backfill: string, cause: unknown) {
    const isTooSlow = sqlState(cause) === '57014';
    const problem = isTooSlow ? 'takes too long to find a row' : 'fails on a row';
    super(`Backfill "${backfill}": its pending predicate ${problem}: ${messageWithContext(cause)}.`, {
      subject: backfill,
      remedy: isTooSlow
        ? 'Build an index for `where`, which `--plan` names, or raise the option `statementTimeout`.'
        : "Write `where` so that it is true or false for every row, e.g. `note ~ '^[0-9]+$'` instead of a cast.",
      cause,
    });
  }
}

/**
 * More rows are in quarantine than `maxQuarantined` allows.
 *
 * @publicApi
 */
export class TooManyQuarantinedError extends BackfillError {
  /** @param inCommon a sentence about the errors of those rows */
  constructor(backfill: string, limit: number, inCommon: string) {
    super(`Backfill "${backfill}": more than ${limit} rows cannot be changed. ${inCommon}`, {
      subject: backfill,
      remedy:
        'Correct the cause, then run it again with --retry-quarantined. If you expect that many, raise `maxQuarantined`.',
    });
  }
}

/**
 * The result of `transform()` does not fit the rows that it received.
 *
 * @publicApi
 */
export class TransformResultError extends BackfillError {
  constructor(backfill: string, problem: string, remedy: string) {
    super(`Backfill "${backfill}": transform() ${problem}.`, { subject: backfill, remedy });
  }
}

/**
 * Throw it from `transform()` or `process()`, or throw an error that has it as its `cause`, when the failure
 * has nothing to do with the rows, e.g. because a service does not answer. The batch is then retried later,
 * and no row goes to quarantine.
 *
 * @publicApi
 * @example
 * throw new BackfillRetryError('the geocoder does not answer', error);
 */
export class BackfillRetryError extends BackfillError {
  constructor(reason: string, cause?: unknown) {
    super(reason, {
      subject: 'batch',
      remedy: 'The batch is retried after a pause. If it keeps failing, the run stops with work left.',
      cause,
    });
  }
}

declareApplicationText(BackfillRetryError);

/** What the change of a row that is still pending did. */
type ChangeEffect = 'changed' | 'none' | 'not-copied';

const STILL_PENDING: Readonly<Record<ChangeEffect, string>> = {
  changed: 'The row still matches the pending predicate after its change',
  none: 'The row was not changed: a trigger, a rule or a policy prevents it',
  'not-copied':
    'The row was not copied, and still matches the pending predicate: a row of the target table has the same value in a unique column, or a trigger prevents it',
};

/**
 * A row was changed, but the pending predicate is still true for it, or something in the database prevents the change.
 *
 * @publicApi
 */
export class StillPendingError extends BackfillError {
  /** Whether the row was not changed at all, although no other session had locked it. */
  readonly isPrevented: boolean;

  /** @param effect `none`: the row was not changed at all. `not-copied`: no row was inserted. @default 'changed' */
  constructor(
    backfill: string,
    { effect = 'changed', cause }: { readonly effect?: ChangeEffect; readonly cause?: unknown } = {},
  ) {
    super(STILL_PENDING[effect], {
      subject: backfill,
      remedy:
        'Make sure that the change makes `where` false for every row, then run with --retry-quarantined.',
      ...(cause !== undefined && { cause }),
    });
    this.isPrevented = effect !== 'changed';
  }
}

/**
 * `process()` caught a database error and continued, although PostgreSQL can only roll back the transaction
 * after an error. `cause` is the error of a later statement.
 *
 * @publicApi
 */
export class SwallowedError extends BackfillError {
  constructor(backfill: string, cause: unknown) {
    super('process() caught a database error and continued, but PostgreSQL has aborted the transaction', {
      subject: backfill,
      remedy:
        'Do not catch the error, so that the row with the problem is found. Or run the statement in `manager.transaction()`, which rolls back that statement alone.',
      cause,
    });
  }
}

/**
 * A plan or a preview waits for a lock on the table for a second at most, and not for a server that executes no
 * changes: its rehearsal changes rows and rolls back.
 *
 * @publicApi
 */
export class PlanBlockedError extends BackfillError {
  /** @param waitingFor e.g. the lock, and the session that holds it */
  constructor(backfill: string, waitingFor: string, cause: unknown) {
    super(`Backfill "${backfill}": it cannot be planned now, because it would wait for ${waitingFor}.`, {
      subject: backfill,
      remedy: 'Nothing was changed. Plan it again when the wait is over.',
      cause,
    });
  }
}

/**
 * `process()` ended the batch's transaction, so rows and cursor could not commit together.
 *
 * @publicApi
 */
export class TransactionEndedError extends BackfillError {
  constructor(backfill: string) {
    super(`Backfill "${backfill}": process() ended the batch's transaction.`, {
      subject: backfill,
      remedy:
        'Leave COMMIT and ROLLBACK to the backfill. `manager.transaction()` nests inside its transaction.',
    });
  }
}
