import type { Ledger } from '../../ledger/ledger.js';
import type { BackfillStatus } from '../../ledger/status.js';
import { classifyDatabaseError } from '../../postgres/error-classes.js';
import { messageWithContext } from '../../postgres/server/conditions.js';
import { Session } from '../../postgres/session.js';
import { RowSelection } from '../batch/row-selection.js';
import { inspectTable } from '../batch/table.inspector.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { countPending } from '../pending/pending.counter.js';
import { findPending, type ProbeOptions } from '../pending/pending.probe.js';
import { FailingPredicateError, InvalidStatementError, TableMismatchError } from '../run.error.js';
import { readStatus } from './status.reader.js';

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

const WHOLE_TABLE = {
  excludeQuarantined: false,
  canContinue: () => Promise.resolve(true),
} satisfies ProbeOptions;

/**
 * Probes for a pending row, in quarantine or not. Takes no row lock, and does not change or install a ledger.
 */
export async function proveCompletion(
  definition: BackfillDefinition,
  ledger: Ledger,
  schema: string,
): Promise<BackfillProof> {
  const [statusReport] = await readStatus([definition], ledger, schema, {
    includeUndeclared: false,
    targets: [],
  });
  const status = statusReport?.status ?? 'pending';
  const session = await Session.open(definition.dataSource);
  try {
    const facts = await inspectTable(session, definition);
    const ownLedger = ledger.of(definition);
    await ownLedger.locate(session);
    const selection = new RowSelection(definition, ownLedger, facts, null);
    if ((await findPending(session, selection, WHOLE_TABLE)) === null) return { complete: true, status };
    const left = await countPending(session, selection);
    return {
      complete: false,
      status,
      ...(left && !left.isEstimate ? { left: left.rows } : {}),
      ...(statusReport ? { reason: statusReport.reason } : {}),
    };
  } catch (error) {
    const obstacle = obstacleOf(definition.name, error);
    if (obstacle === null) throw error;
    return { complete: false, status, ...obstacle };
  } finally {
    await session.close();
  }
}

/**
 * Why no probe can run now: its table, or what its predicate names, may not exist before a migration has run, or the
 * predicate fails. Null for an error of the connection, a lock or a timeout, after which the same probe may succeed.
 */
function obstacleOf(name: string, error: unknown): Pick<BackfillProof, 'problem' | 'reason'> | null {
  if (error instanceof TableMismatchError) return { problem: error.problem, reason: error.message };
  const errorClass = classifyDatabaseError(error);
  if (errorClass !== 'programming' && errorClass !== 'poison') return null;
  const Explained = errorClass === 'poison' ? FailingPredicateError : InvalidStatementError;
  return { problem: messageWithContext(error), reason: new Explained(name, error).message };
}
