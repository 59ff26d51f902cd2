import type { Ledger } from '../../ledger/ledger.js';
import { installLedger } from '../../ledger/ledger.installer.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { BackfillReport } from '../report/report.js';
import { BackfillRunner, type RunOptions } from './loop/backfill.runner.js';
import { RunConnection } from './connection/run-connection.js';
import { enforceStop } from './stop/stop.enforcer.js';
import { ignoreObserverErrors, wrapObserver } from '../report/observer.wrapper.js';
import { lastTurn, TenantSequence, type ScopedRun } from './tenants/tenant.sequence.js';
import type { TenantRunState } from './tenants/tenant-run.js';

/** Runs one backfill: at once, or where all tenants are asked for and it has an order of them, one after the other. */
export async function runBackfill(
  definition: BackfillDefinition,
  ledger: Ledger,
  schema: string,
  options: RunOptions,
): Promise<BackfillReport> {
  const isWhole = options.tenants === null && !options.retryQuarantined;
  if (!isWhole || (definition.canary === null && definition.tenantOrder === null))
    return new BackfillRunner(definition, ledger, schema, options).run();
  const observer = ignoreObserverErrors(options.observer);
  const note = (message: string) => observer.noted?.({ name: definition.name, level: 'log', message });
  const connection = new RunConnection({
    dataSource: definition.dataSource,
    statementTimeout: definition.pace.statementTimeout,
    stop: options.stop,
    connectTimeoutMs: options.connectTimeoutMs,
    warn: note,
  });
  // The runs enforce the stop on their own connections.
  const endEnforcement = enforceStop(options.stop, { ...options, cancelAfterMs: null }, () => [connection]);
  try {
    await connection.use((session) => installLedger(session, schema)).catch(() => undefined);
    const state: TenantRunState = { hasPlace: false, hasBegun: false };
    const run: ScopedRun = (tenants, stop, turn) =>
      new BackfillRunner(definition, ledger, schema, {
        ...options,
        tenants,
        stop,
        observer: wrapObserver(options.observer, { finished: () => undefined }),
        turn: { ...turn, state },
      }).take();
    const sequence = new TenantSequence({
      definition,
      ledger: ledger.of(definition),
      connection,
      stop: options.stop,
      note,
      waiting: (owner) =>
        observer.waiting?.({ name: definition.name, waitingFor: `the other workers, e.g. ${owner}` }),
      run,
    });
    // A run tells what is wrong with the database as its outcome; it must not go beyond the canary for that.
    const report = await sequence.run().catch(async () => {
      const tenants = definition.canary?.tenants ?? null;
      return (await run(tenants, options.stop, lastTurn(tenants))).report;
    });
    observer.finished?.(report);
    return report;
  } finally {
    endEnforcement();
    await connection.drop();
  }
}
