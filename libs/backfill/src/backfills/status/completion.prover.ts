import type { Ledger } from '../../ledger/ledger.js';
import type { BackfillStatus } from '../../ledger/status.js';
import { Session } from '../../postgres/session.js';
import { RowSelection } from '../batch/row-selection.js';
import { inspectTable } from '../batch/table.inspector.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { countPending } from '../pending/pending.counter.js';
import { findPending, type ProbeOptions } from '../pending/pending.probe.js';
import { TableMismatchError } from '../run.error.js';
import { readStatus } from './status.reader.js';

/** Whether a backfill is complete, as a probe of its table found now. @publicApi */
export interface BackfillProof {
  readonly complete: boolean;
  /**
   * The status in the ledger. A table without a pending row is complete even if no run has recorded that yet.
   */
  readonly status: BackfillStatus;
  /** Pending rows, including those in quarantine. Omitted if a count takes too long. */
  readonly left?: number;
  /** Why the backfill is not complete, as a sentence. */
  readonly reason?: string;
}

const WHOLE_TABLE = {
  excludeQuarantined: false,
  canContinue: () => Promise.resolve(true),
} satisfies ProbeOptions;

/** Probes the pending predicate, including the rows in quarantine. Locks, installs and changes nothing. */
export async function proveCompletion(
  definition: BackfillDefinition,
  ledger: Ledger,
  schema: string,
): Promise<BackfillProof> {
  const [known] = await readStatus([definition], ledger, schema, { includeUndeclared: false });
  const status = known?.status ?? 'pending';
  const session = await Session.open(definition.dataSource);
  try {
    const facts = await inspectTable(session, definition);
    const selection = new RowSelection(definition, ledger.of(definition), facts, null);
    if ((await findPending(session, selection, WHOLE_TABLE)) === null) return { complete: true, status };
    const left = await countPending(session, selection);
    return {
      complete: false,
      status,
      ...(left && !left.isEstimate ? { left: left.rows } : {}),
      ...(known ? { reason: known.reason } : {}),
    };
  } catch (error) {
    // Without the table or the column, e.g. before the first migration, the backfill is not complete.
    if (!(error instanceof TableMismatchError)) throw error;
    return { complete: false, status, reason: error.message };
  } finally {
    await session.close();
  }
}
