import { BackfillError } from '../errors/backfill.error.js';
import { messageOf } from '../postgres/error-classes.js';
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
    super(`The ledger's tables in schema "${schema}" could not be installed: ${messageOf(cause)}.`, {
      subject: schema,
      remedy: `Run the application once with a role that may create these tables, or create the schema for the application: CREATE SCHEMA "${schema}" AUTHORIZATION <its role>.`,
      cause,
    });
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

/** A renamed backfill has open records under its new name and under a former one. @publicApi */
export class OpenUnderBothNamesError extends BackfillError {
  constructor(name: string, former: string, target: string) {
    super(
      `Backfill "${name}" was formerly "${former}", and on ${target === '' ? 'its table' : target} it is not complete under either name.`,
      {
        subject: name,
        remedy: `Stop the release that still runs "${former}". Then delete the records of one name: --forget ${former}. The rows that are left are found by the query, whichever name did the others.`,
      },
    );
  }
}

/** A process of an earlier release works on a renamed backfill under its former name. @publicApi */
export class FormerNameInUseError extends BackfillError {
  constructor(name: string, former: string, owner: string) {
    super(
      `Backfill "${name}" was formerly "${former}", and the process ${owner} still works on it under that name.`,
      {
        subject: name,
        remedy: `Wait until it has finished, or pause "${former}" from the release that declares it. The next run continues under the new name.`,
      },
    );
  }
}
