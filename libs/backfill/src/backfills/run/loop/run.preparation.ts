import { installLedger } from '../../../ledger/ledger.installer.js';
import type { Key, TenantScope } from '../../../ledger/range.js';
import type { LedgerRecord } from '../../../ledger/target/record.opener.js';
import { isHeld } from '../../../ledger/status.js';
import { RowSelection } from '../../batch/row-selection.js';
import { inspectTable } from '../../batch/table.inspector.js';
import type { BackfillDefinition } from '../../definition/definition.js';
import { pinTables } from './pinned.tables.js';
import { heldByPerson, incomplete, waitsForDependency, type RunOutcome } from '../outcome/run-outcome.js';
import type { RunContext } from './run.context.js';
import type { LoopMemory } from './run.states.js';

const TABLE_WAS_REPLACED =
  'The table was dropped and made again since the last run. Its ranges and its quarantine were deleted from the ledger, and the backfill starts again.';

/** Prepares a run. @returns the initial variables of the loop, or the outcome if the run cannot start */
export async function prepareRun(run: RunContext): Promise<LoopMemory | RunOutcome> {
  const { record, pinned } = await openRecord(run);
  const { status, reason } = record;
  if (isHeld(status)) return heldByPerson({ status, reason });
  const wait = (await waitForDependencies(run, record)) ?? (await waitToBegin(run, record));
  if (wait !== null) return wait;
  const selection = await selectRows(run, pinned);
  return {
    record,
    selection,
    range: null,
    failedAttempts: 0,
    sweeps: 0,
    ownSweeps: 0,
    firstSweepXid: null,
    updatedBeforeSweep: null,
    needsKeyOrder: false,
  };
}

interface OpenedRecord {
  readonly record: LedgerRecord;
  /** The definition with the tables of the record. */
  readonly pinned: BackfillDefinition;
}

/** All tables are resolved on one connection: the next one may have another `search_path`. */
async function openRecord(run: RunContext): Promise<OpenedRecord> {
  const { connection, definition, ledger, schema } = run;
  await connection.use((session) => installLedger(session, schema));
  await run.endAbandoned();
  const opened = await connection.use(async (session) => {
    await ledger.locate(session);
    const pinned = await pinTables(session, definition, ledger.target);
    return { record: await ledger.status.open(session, definition.kind), pinned };
  });
  run.record = opened.record;
  if (run.record.isReset) run.log.note('warn', TABLE_WAS_REPLACED);
  return opened;
}

/** @returns the outcome if a backfill that this one depends on is not complete */
async function waitForDependencies(run: RunContext, { status }: LedgerRecord): Promise<RunOutcome | null> {
  for (const dependency of run.options.dependencies) {
    const found = (await statusOf(run, dependency)) ?? 'pending';
    if (found !== 'complete') return waitsForDependency(status, { name: dependency.name, status: found });
  }
  return null;
}

async function statusOf(run: RunContext, dependency: BackfillDefinition) {
  const { dataSource } = dependency;
  const { definition, ledgers, schema } = run;
  // The dependency may be in another database, with its own ledger. In the same database the run reuses its
  // connection, because the pool may have no second one.
  const isSameDatabase = dataSource === definition.dataSource;
  const connection = isSameDatabase ? run.connection : run.connect(dataSource);
  try {
    await connection.use((session) => installLedger(session, schema));
    return await connection.use(async (session) => {
      const ledger = ledgers.of(dependency);
      await ledger.locate(session);
      return ledger.status.read(session);
    });
  } finally {
    if (!isSameDatabase) await connection.drop();
  }
}

/**
 * Waits at the gate before the run reads the table, because the count of the pending rows also loads the
 * database, and may wait behind another session for a lock on the table. A complete backfill does not wait
 * here, because it only needs a probe.
 */
async function waitToBegin(run: RunContext, { status }: LedgerRecord): Promise<RunOutcome | null> {
  if (status === 'complete') return null;
  const { connection, gate, options } = run;
  const held = await connection.use((session) => gate.pass(session));
  if (held !== null) return heldByPerson(held);
  const { reason } = options.stop;
  const { waitingFor } = gate;
  if (reason === null || waitingFor === null) return null;
  await connection.use((session) => gate.clearWait(session));
  return incomplete(reason, { waitingFor, keepsStatus: !run.isRecordedAsRunning });
}

async function selectRows(run: RunContext, pinned: BackfillDefinition): Promise<RowSelection> {
  const { connection, ledger, options, scope } = run;
  const { tenants } = scope;
  run.selection = await connection.use(
    async (session) => new RowSelection(pinned, ledger, await inspectTable(session, pinned), tenants),
  );
  if (options.retried !== null) await planRetry(run, tenants, options.retried);
  return run.selection;
}

async function planRetry(
  { connection, ledger, log }: RunContext,
  tenants: TenantScope,
  retried: readonly Key[] | 'all',
): Promise<void> {
  const keys = retried === 'all' ? null : retried;
  const found = await connection.use((session) => ledger.ranges.planRetry(session, tenants, keys));
  const wanted = new Set(keys?.map((key) => JSON.stringify(key))).size;
  if (found < wanted)
    log.note('warn', `${wanted - found} of the ${wanted} rows to retry are not in quarantine any more.`);
}
