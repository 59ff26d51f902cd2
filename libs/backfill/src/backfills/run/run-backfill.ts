import type { Ledger } from '../../ledger/ledger.js';
import { installLedger } from '../../ledger/ledger.installer.js';
import type { BackfillDefinition } from '../definition/definition.js';
import type { BackfillReport } from '../report/report.js';
import { BackfillRunner, type RunOptions } from './loop/backfill.runner.js';
import { RunConnection } from './connection/run-connection.js';
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
  const connection = new RunConnection(
    definition.dataSource,
    definition.pace.statementTimeout,
    options.stop,
    options.connectTimeoutMs,
    note,
  );
  const { signal } = options.stop;
  let last: NodeJS.Timeout | undefined;
  // The runs break their own connections off.
  const arm = () => {
    if (options.abandonAfterMs !== null)
      last = setTimeout(() => void connection.abandon(), options.abandonAfterMs);
  };
  if (signal.aborted) arm();
  else signal.addEventListener('abort', arm, { once: true });
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
      ledger,
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
    clearTimeout(last);
    signal.removeEventListener('abort', arm);
    await connection.drop();
  }
}
