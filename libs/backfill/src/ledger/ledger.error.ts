import { BackfillError } from '../errors/backfill.error.js';
import type { BackfillStatus } from './status.js';

/** A newer version of the library has upgraded the ledger. @publicApi */
export class LedgerTooNewError extends BackfillError {
  constructor(schema: string, installed: number, known: number) {
    super(
      `The ledger in schema "${schema}" is at schema step ${installed}, but this version of nestjs-backfill supports only steps up to ${known}.`,
      {
        subject: schema,
        remedy: 'Install the version of nestjs-backfill that upgraded it, or a newer one.',
      },
    );
  }
}

/** The ledger's tables could not be created or upgraded. @publicApi */
export class LedgerInstallError extends BackfillError {
  constructor(schema: string, cause: unknown) {
    super(
      `The ledger's tables in schema "${schema}" could not be installed: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        subject: schema,
        remedy: `Run the application once with a role that may create these tables, or create the schema for the application: CREATE SCHEMA "${schema}" AUTHORIZATION <its role>.`,
        cause,
      },
    );
  }
}

/** A value in the ledger was not written by this library. @publicApi */
export class LedgerValueError extends BackfillError {
  constructor(column: string, value: string) {
    super(`The ledger has an unexpected value in the column "${column}" of its table "range": ${value}.`, {
      subject: column,
      remedy:
        'Look for the program that has changed the ledger. Then delete the unfinished ranges of the backfill; the next run plans them again.',
    });
  }
}

/** The records of a table were used before it was looked up. This is a bug in this library. */
export class TargetNotLocatedError extends Error {
  constructor({ name, table }: { readonly name: string; readonly table: string }) {
    super(`nestjs-backfill used the ledger of backfill "${name}" before it looked up the table ${table}`);
    this.name = 'TargetNotLocatedError';
  }
}

/** The state machine has no transition between these two statuses, see `STATUS_TRANSITIONS`. @publicApi */
export class IllegalTransitionError extends BackfillError {
  readonly from: BackfillStatus;
  readonly to: BackfillStatus;

  constructor(name: string, from: BackfillStatus, to: BackfillStatus) {
    super(`Backfill "${name}" is ${from} and cannot become ${to}.`, {
      subject: name,
      remedy:
        from === 'complete'
          ? 'A complete backfill needs no pause and cannot be cancelled. To run it again, raise its `version`.'
          : 'See `--status` for the reason; a person may have paused or cancelled it.',
    });
    this.from = from;
    this.to = to;
  }
}
