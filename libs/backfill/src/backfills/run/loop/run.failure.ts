import { messageOf, sqlState, TOO_MANY_CASCADES } from '../../../postgres/error-classes.js';
import { CascadesNotAcceptedError } from '../../batch/cascade/cascade.error.js';
import { describeLock } from '../../pending/lock-holders.js';
import {
  FailingPredicateError,
  InvalidStatementError,
  MissingRightError,
  NotInDatabaseError,
} from '../../run.error.js';
import { DatabaseLostError } from '../connection/database-lost.error.js';
import { classifyFailure } from '../outcome/failure.js';
import { isMissingPart, readMissingPart } from '../outcome/missing-part.reader.js';
import { readMissingRights } from '../outcome/missing-rights.reader.js';
import {
  databaseLost,
  columnGone,
  failed,
  incomplete,
  lockedOut,
  THE_DATABASE,
  type RunOutcome,
} from '../outcome/run-outcome.js';
import type { RunContext } from './run.context.js';

const MISSING_RIGHT = '42501';

/** Converts the error that has ended a run to an outcome. */
export async function outcomeOfError(run: RunContext, error: unknown): Promise<RunOutcome> {
  if (error instanceof DatabaseLostError) return afterDatabaseLoss(run, error);
  return classifyFailure(error) === 'lock' ? whileLocked(run) : failedBy(run, error);
}

/** The outcome `failed` with this error as its reason. */
export async function failedBy(run: RunContext, error: unknown): Promise<RunOutcome> {
  const { name } = run.definition;
  const gone = run.isStillComplete ? await missingPart(run, error) : null;
  if (gone !== null) return columnGone({ problem: gone, provedAt: run.record?.completedAt ?? null });
  const isOfDatabase = sqlState(error) !== undefined;
  // Between two ranges, the run only searches for pending rows.
  const explain = classifyFailure(error) === 'poison' ? FailingPredicateError : InvalidStatementError;
  const explained = isOfDatabase ? new explain(name, error) : error;
  const cause = tooManyCascades(run, error) ?? (await missingRight(run, error)) ?? explained;
  // A complete backfill stays complete even if its probe fails, e.g. because a later migration has dropped
  // its column.
  return failed(messageOf(cause), { keepsStatus: run.record === null || run.isStillComplete });
}

/**
 * The part of the backfill's own table that was dropped; null for any other error, e.g. where another table is missing
 * that the predicate reads: the backfill's rows may be pending then.
 */
async function missingPart({ connection, definition }: RunContext, error: unknown): Promise<string | null> {
  if (error instanceof NotInDatabaseError) return error.problem;
  if (!isMissingPart(error)) return null;
  return connection.ask((session) => readMissingPart(session, definition));
}

function tooManyCascades(
  { definition, selection }: RunContext,
  error: unknown,
): CascadesNotAcceptedError | null {
  const ofDatabase = error instanceof InvalidStatementError ? error.cause : error;
  if (sqlState(ofDatabase) !== TOO_MANY_CASCADES) return null;
  const cascades = selection?.facts.cascades?.report() ?? [];
  return new CascadesNotAcceptedError(
    definition.name,
    cascades,
    'the next batch would have taken too many along',
  );
}

async function missingRight(
  { connection, definition, schema }: RunContext,
  error: unknown,
): Promise<MissingRightError | null> {
  const ofDatabase = error instanceof InvalidStatementError ? error.cause : error;
  if (sqlState(ofDatabase) !== MISSING_RIGHT) return null;
  const rights = await connection.ask((session) => readMissingRights(session, definition, schema));
  if (rights === null || rights.grants.length === 0) return null;
  return new MissingRightError(definition.name, ofDatabase, rights.role, rights.grants);
}

function afterDatabaseLoss(run: RunContext, error: DatabaseLostError): RunOutcome {
  const keepsStatus = !run.isRecordedAsRunning;
  const reason = run.options.stop.reason ?? error.message;
  const isStopped = run.options.stop.reason !== null;
  // A stopped run does not report an unreachable database: the connection may have been closed to stop the run.
  if (isStopped && error.waitingFor === THE_DATABASE) return incomplete(reason, { keepsStatus });
  return databaseLost({ reason, waitingFor: error.waitingFor }, { keepsStatus });
}

/** The outcome if another session had locked the table when the run read it between two ranges. */
async function whileLocked(run: RunContext): Promise<RunOutcome> {
  const { connection, selection } = run;
  const lock = selection && (await connection.ask((session) => describeLock(session, selection, null)));
  return lockedOut(lock, { keepsStatus: run.isStillComplete });
}
