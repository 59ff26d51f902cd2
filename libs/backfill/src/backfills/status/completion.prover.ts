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

/** Whether nothing is left of a backfill, asked of the table itself at this moment. */
export interface BackfillProof {
  readonly complete: boolean;
  /** What the ledger says; a table without a pending row is complete also where no run has recorded it yet. */
  readonly status: BackfillStatus;
  /** Pending rows, those in quarantine included; left out where counting them would take too long. */
  readonly left?: number;
  /** What it waits for or what keeps it from completing, in a sentence. */
  readonly reason?: string;
}

const TO_THE_END = {
  excludeQuarantined: false,
  canContinue: () => Promise.resolve(true),
} satisfies ProbeOptions;

/** Probes the pending predicate, the rows in quarantine included. Locks, installs and changes nothing. */
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
    if ((await findPending(session, selection, TO_THE_END)) === null) return { complete: true, status };
    const left = await countPending(session, selection);
    return {
      complete: false,
      status,
      ...(left && !left.isEstimate ? { left: left.rows } : {}),
      ...(known ? { reason: known.reason } : {}),
    };
  } catch (error) {
    // As long as the table or the column is not there, e.g. before the first migration, nothing is complete.
    if (!(error instanceof TableMismatchError)) throw error;
    return { complete: false, status, reason: error.message };
  } finally {
    await session.close();
  }
}
