import { BackfillError } from '../errors/backfill.error.js';
import type { BackfillStatus } from './status.js';

/** The ledger was upgraded by a newer version of the library. */
export class LedgerTooNewError extends BackfillError {
  constructor(schema: string, installed: number, known: number) {
    super(
      `The ledger in schema "${schema}" is at step ${installed}, and this version of nestjs-backfill knows ${known}.`,
      {
        subject: schema,
        remedy: 'Install the version of nestjs-backfill that upgraded it, or a newer one.',
      },
    );
  }
}

/** The ledger's tables could not be made or brought up to date. */
export class LedgerInstallError extends BackfillError {
  constructor(schema: string, cause: unknown) {
    super(
      `The ledger's tables in schema "${schema}" could not be installed: ${cause instanceof Error ? cause.message : String(cause)}.`,
      {
        subject: schema,
        remedy: `Let a role that may do so run it once; or create the schema for the application: CREATE SCHEMA "${schema}" AUTHORIZATION <its role>.`,
        cause,
      },
    );
  }
}

/** A change of status that the state machine does not have. */
export class IllegalTransitionError extends BackfillError {
  readonly from: BackfillStatus;
  readonly to: BackfillStatus;

  constructor(name: string, from: BackfillStatus, to: BackfillStatus) {
    super(`Backfill "${name}" is ${from}, and from there it cannot become ${to}.`, {
      subject: name,
      remedy:
        from === 'complete'
          ? 'It is done, so there is nothing to hold back. To run it again, raise its `version`.'
          : 'Look at `--status` for how it got there; a person may have paused or cancelled it.',
    });
    this.from = from;
    this.to = to;
  }
}
