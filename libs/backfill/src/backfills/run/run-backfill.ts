import { installLedger } from '../../ledger/ledger.installer.js';
import type { Ledger } from '../../ledger/ledger.js';
import type { BackfillDefinition } from '../definition/definition.js';
import { ignoreObserverErrors, wrapObserver } from '../../report/observer.wrapper.js';
import type { BackfillReport } from '../../report/report.js';
import { RunConnection } from './connection/run-connection.js';
import { BackfillRunner } from './loop/backfill.runner.js';
import type { RunOptions } from './run.options.js';
import { describeOtherWorkers } from './scope/other-processes.js';
import { TenantRunScope } from './scope/tenant-run.scope.js';
import { WholeRunScope } from './scope/whole-run.scope.js';
import { enforceStop } from './stop/stop.enforcer.js';
import { lastPart } from './tenants/tenant-parts.js';
import type { TenantRun, TenantRunState } from './tenants/tenant-run.js';
import { TenantSequence } from './tenants/tenant.sequence.js';

export interface RunBackfillOptions {
  readonly definition: BackfillDefinition;
  readonly ledgers: Ledger;
  /** The schema of the ledger, not quoted. */
  readonly schema: string;
  readonly options: RunOptions;
}

/**
 * Runs one backfill. If it declares a canary or a tenant order and all tenants are requested, the run has
 * several parts, in tenant order. Otherwise it has one part.
 */
export async function runBackfill(backfill: RunBackfillOptions): Promise<BackfillReport> {
  const { definition, options } = backfill;
  const hasTenantOrder = definition.canary !== null || definition.tenantOrder !== null;
  if (hasTenantOrder && options.tenants === null && options.retried === null)
    return runInTenantOrder(backfill);
  const scope = new WholeRunScope(options.tenants);
  return (await new BackfillRunner({ ...backfill, scope }).run()).report;
}

async function runInTenantOrder(backfill: RunBackfillOptions): Promise<BackfillReport> {
  const { definition, ledgers, schema, options } = backfill;
  const { name, dataSource, pace } = definition;
  const { connectTimeoutMs, stop } = options;
  const observer = ignoreObserverErrors(options.observer);
  const note = (message: string) => observer.noted({ name, level: 'log', message });
  const { statementTimeout } = pace;
  const waiting = (waitingFor: string) => observer.waiting({ name, waitingFor });
  const connection = new RunConnection({
    dataSource,
    statementTimeout,
    stop,
    connectTimeoutMs,
    warn: note,
    waiting,
  });
  // Each part enforces the stop on its own connections. This connection only serves the queries between the
  // parts.
  const endEnforcement = enforceStop(stop, { ...options, cancelAfterMs: null }, () => [connection]);
  const runPart = partRunner(backfill);
  try {
    const ledger = ledgers.of(definition);
    await connection.use((session) => installLedger(session, schema)).catch(() => undefined);
    const sequence = new TenantSequence({
      definition,
      ledger,
      connection,
      stop,
      note,
      waiting: (holder) => waiting(describeOtherWorkers(holder)),
      runPart,
    });
    const report = await sequence.run().catch(async () => {
      // A run reports a database error as its outcome, so the last part runs to report it. It is limited to
      // the canary, because the canary may not be approved yet.
      const tenants = definition.canary?.tenants ?? null;
      return (await runPart(lastPart(tenants, stop))).report;
    });
    observer.finished(report);
    return report;
  } finally {
    endEnforcement();
    await connection.drop();
  }
}

/** @returns a function that runs one part. Its observer does not report the part as a finished run. */
function partRunner(backfill: RunBackfillOptions) {
  const state: TenantRunState = { isAdmitted: false, isRecordedAsRunning: false };
  const observer = wrapObserver(backfill.options.observer, { finished: () => undefined });
  return (part: TenantRun) => {
    const options = { ...backfill.options, tenants: part.tenants, stop: part.stop, observer };
    const scope = new TenantRunScope(part, state);
    return new BackfillRunner({ ...backfill, options, scope }).run();
  };
}
