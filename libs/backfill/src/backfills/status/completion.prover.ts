import type { Ledger } from '../../ledger/ledger.js';
import type { BackfillStatus } from '../../ledger/status.js';
import { classifyDatabaseError } from '../../postgres/error-classes.js';
import { messageWithContext } from '../../postgres/server/conditions.js';
import { Session } from '../../postgres/session.js';
import { RowSelection } from '../batch/row-selection.js';
import { inspectTable } from '../batch/table.inspector.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { CommandBlockedError, CommandStoppedError } from '../control/command.error.js';
import { assertNotStopped, watchCommand } from '../control/command.watch.js';
import { countPending, type Count } from '../pending/pending.counter.js';
import { findPending } from '../pending/pending.probe.js';
import { FailingPredicateError, InvalidStatementError, TableMismatchError } from '../run.error.js';
import { ProofProgressLog } from '../run/outcome/proof-progress.log.js';
import { readStatus } from './status.reader.js';
import { whyUnprovable } from './unprovable.reader.js';

/** Whether a backfill is complete, according to a probe of its table. @publicApi */
export interface BackfillProof {
  /** Whether the table has no pending row, in quarantine or not. */
  readonly complete: boolean;
  /** The status in the ledger. It may differ from `complete` until a run has recorded the completion. */
  readonly status: BackfillStatus;
  /**
   * The number of pending rows, including those in quarantine. Omitted if the backfill is complete, or if the
   * count takes too long.
   */
  readonly left?: number;
  /** The reason why the backfill is not complete, as a sentence. Omitted if the backfill is complete. */
  readonly reason?: string;
  /**
   * Why the probe cannot run, e.g. because a pending migration adds the column that `where` reads. Omitted if it ran.
   */
  readonly problem?: string;
}

/** How a proof says how far it is, and how it ends early. @publicApi */
export interface ProofOptions {
  /** Stops it. The proof then has a `problem`. @default never */
  readonly signal?: AbortSignal;
  /** Called with how far a long proof is, every 30 seconds, and with the lock that it waits for. @default not called */
  readonly log?: (message: string) => void;
}

/** Where the records of the backfill are. */
interface RecordsOptions {
  readonly ledger: Ledger;
  /** The schema of the ledger, not quoted. */
  readonly schema: string;
}

/**
 * Probes for a pending row, in quarantine or not. Takes no row lock, and does not change or install a ledger.
 */
export async function proveCompletion(
  definition: BackfillDefinition,
  { ledger, schema, signal, log = () => undefined }: RecordsOptions & ProofOptions,
): Promise<BackfillProof> {
  const [statusReport] = await readStatus([definition], ledger, schema, {
    includeUndeclared: false,
    targets: [],
  });
  const status = statusReport?.status ?? 'pending';
  try {
    const left = await rowsLeft(definition, ledger, { signal, log });
    if (left === 'none') return { complete: true, status };
    return {
      complete: false,
      status,
      ...(left && !left.isEstimate ? { left: left.rows } : {}),
      ...(statusReport ? { reason: statusReport.reason } : {}),
    };
  } catch (error) {
    const obstacle = obstacleOf(definition.name, error);
    if (obstacle === null) throw error;
    const unprovable = await whyUnprovable(definition, error, { ledger, schema });
    return { complete: false, status, ...obstacle, ...(unprovable === null ? {} : { reason: unprovable }) };
  }
}

interface ProofLog {
  readonly signal: AbortSignal | undefined;
  readonly log: (message: string) => void;
}

/** Its connection is closed when it returns or throws: the pool may have no second one. */
async function rowsLeft(
  definition: BackfillDefinition,
  ledger: Ledger,
  { signal, log }: ProofLog,
): Promise<Count | null | 'none'> {
  const session = await Session.open(definition.dataSource);
  try {
    const waiting = (waitingFor: string) => log(`The proof of ${definition.name} waits for ${waitingFor}.`);
    const command = { waiting, ...(signal ? { signal } : {}) };
    return await watchCommand(session, command, async () => {
      const facts = await inspectTable(session, definition);
      const ownLedger = ledger.of(definition);
      await ownLedger.locate(session);
      return pendingRows(session, new RowSelection(definition, ownLedger, facts, null), { signal, log });
    });
  } finally {
    await session.close();
  }
}

/** @returns null if rows are pending that cannot be counted */
async function pendingRows(
  session: Session,
  selection: RowSelection,
  { signal, log }: ProofLog,
): Promise<Count | null | 'none'> {
  const { name } = selection.definition;
  const progressLog = new ProofProgressLog((message) => log(`${name}: ${message}`));
  const found = await findPending(session, selection, {
    excludeQuarantined: false,
    canContinue: async (_, progress) => {
      progressLog.report(progress);
      assertNotStopped(signal);
      return true;
    },
  });
  return found === null ? 'none' : countPending(session, selection);
}

/**
 * Why no probe can run now: its table, or what its predicate names, may not exist before a migration has run, or the
 * predicate fails, or another session locks the table. Null for an error of the connection or a timeout, after which the same probe may succeed.
 */
function obstacleOf(name: string, error: unknown): Pick<BackfillProof, 'problem' | 'reason'> | null {
  if (error instanceof CommandStoppedError || error instanceof CommandBlockedError)
    return { problem: error.problem, reason: error.message };
  if (error instanceof TableMismatchError) return { problem: error.problem, reason: error.message };
  const errorClass = classifyDatabaseError(error);
  if (errorClass !== 'programming' && errorClass !== 'poison') return null;
  const Explained = errorClass === 'poison' ? FailingPredicateError : InvalidStatementError;
  return { problem: messageWithContext(error), reason: new Explained(name, error).message };
}
