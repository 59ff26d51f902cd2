import { messageOf, sqlState } from '../../../postgres/error-classes.js';
import { describeLock } from '../../pending/lock-holders.js';
import { InvalidStatementError } from '../../run.error.js';
import { DatabaseLostError } from '../connection/database-lost.error.js';
import { classifyFailure } from '../outcome/failure.js';
import { databaseLost, failed, incomplete, lockedOut, type RunOutcome } from '../outcome/run-outcome.js';
import type { RunContext } from './run.context.js';

/** The outcome of a run that an error has ended. */
export async function outcomeOfError(run: RunContext, error: unknown): Promise<RunOutcome> {
  if (error instanceof DatabaseLostError) return afterDatabaseLoss(run, error);
  return classifyFailure(error) === 'lock' ? whileLocked(run) : failedBy(run, error);
}

/** The run fails because of this error. */
export function failedBy(run: RunContext, error: unknown): RunOutcome {
  const cause = sqlState(error) === undefined ? error : new InvalidStatementError(run.definition.name, error);
  // A complete backfill stays complete, even if it cannot be probed any more: a later migration may have
  // dropped its column.
  return failed(messageOf(cause), { keepsStatus: run.record === null || run.isStillComplete });
}

function afterDatabaseLoss(run: RunContext, error: DatabaseLostError): RunOutcome {
  const keepsStatus = !run.hasBegun;
  const { reason } = run.options.stop;
  return reason === null ? databaseLost(error.message, { keepsStatus }) : incomplete(reason, { keepsStatus });
}

/** Another session has locked the table while the run read it between two ranges. */
async function whileLocked(run: RunContext): Promise<RunOutcome> {
  const { connection, selection } = run;
  const lock = selection && (await connection.ask((session) => describeLock(session, selection, null)));
  return lockedOut(lock, { keepsStatus: run.isStillComplete });
}
