import { MigrationBlockedError } from 'nestjs-backfill/errors';
import type { DataSourceMigrations, MigrateReport } from 'nestjs-backfill/reports';
import { DeploySequence } from '../../libs/backfill/src/deploy/deploy.sequence.ts';
import type { DeployPhase } from '../../libs/backfill/src/deploy/deploy.phase.ts';
import type { DeployReport } from '../../libs/backfill/src/deploy/deploy.report.ts';
import { PhaseObservers } from '../../libs/backfill/src/report/observers/phase-observers.registry.ts';
import { migrateOf, reportOf } from '../one-shot/output/reports.ts';

const CONTRACT = 'RequireX2';

/**
 * Runs a deployment whose first pass defers a contract migration and whose backfills phase completes the
 * backfill.
 */
async function deploy(
  first: Partial<DataSourceMigrations> & { readonly status: string },
  second: MigrateReport = migrateOf({ outcome: 'done', ran: [{ name: CONTRACT, durationMs: 3 }] }),
  { isProved = true, isStopped = false } = {},
): Promise<{ readonly passes: number; readonly report: DeployReport }> {
  const { status, ...changes } = first;
  const deferred = migrateOf({
    outcome: 'deferred',
    ran: [],
    deferred: { name: CONTRACT, waitsFor: [{ backfill: 'leads-x', status }] },
    pending: [CONTRACT],
    ...changes,
  });
  const reports = [deferred, second];
  let passes = 0;
  const stop = new AbortController();
  const migrate: DeployPhase<MigrateReport> = {
    phase: 'migrate',
    prepare: () => async () => reports[passes++] ?? second,
    interruptedReport: () => second,
  };
  const backfill: DeployPhase<NonNullable<DeployReport['backfill']>> = {
    phase: 'backfill',
    prepare: () => async () => {
      if (isStopped) stop.abort('SIGTERM');
      return {
        phase: 'backfill',
        outcome: 'complete',
        backfills: [reportOf({ name: 'leads-x', proved: isProved })],
      };
    },
    interruptedReport: (outcome, reason) => ({ phase: 'backfill', outcome, reason, backfills: [] }),
  };
  const sequence = new DeploySequence([migrate, backfill], {
    signal: stop.signal,
    onError: () => undefined,
  });
  const report = (await sequence.run({ observers: new PhaseObservers() } as never)) as DeployReport;
  return { passes, report };
}

describe('a contract migration that a deployment deferred at its start', () => {
  it('runs at the end of this deployment if an earlier one ran its backfill and this one completes it', async () => {
    const { passes, report } = await deploy({ status: 'incomplete' });
    expect(passes).toBe(2);
    expect(report).toMatchObject({ outcome: 'complete', left: [], migrate: { outcome: 'done' } });
  });

  it.each([
    [
      'this deployment has extended the schema',
      { status: 'incomplete', ran: [{ name: 'AddX1', durationMs: 1 }] },
      {},
    ],
    ['no earlier deployment has run its backfill', { status: 'pending' }, {}],
    ['the earlier deployment was killed during its backfill', { status: 'running' }, {}],
    ['its backfill is not proved complete', { status: 'incomplete' }, { isProved: false }],
    ['the deployment is stopped', { status: 'incomplete' }, { isStopped: true }],
  ])('waits for the next deployment if %s', async (_reason, first, options) => {
    const { passes, report } = await deploy(first, undefined, options);
    expect(passes).toBe(1);
    expect(report).toMatchObject({ outcome: 'incomplete', migrate: { outcome: 'deferred' } });
    expect(report.left.map(({ name }) => name)).toContain(CONTRACT);
  });

  it('stays deferred if it does not get its locks at the end, which does not stop the deployment', async () => {
    const error = new MigrationBlockedError(CONTRACT, {
      attempts: 10,
      blockers: [],
      statement: 'ALTER TABLE leads',
      cause: undefined,
    });
    const blocked = migrateOf({
      outcome: 'failed',
      ran: [],
      failed: { name: CONTRACT, error },
      pending: [CONTRACT],
    });
    const { passes, report } = await deploy({ status: 'incomplete' }, blocked);
    expect(passes).toBe(2);
    expect(report).toMatchObject({ outcome: 'incomplete', migrate: { outcome: 'deferred' } });
    expect(report.left).toContainEqual({ phase: 'migrate', name: CONTRACT, why: error.message });
  });

  it('stops the deployment if it fails at the end for any other reason', async () => {
    const failed = { name: CONTRACT, error: new SyntaxError('a typing error') };
    const { report } = await deploy(
      { status: 'incomplete' },
      migrateOf({ outcome: 'failed', ran: [], failed }),
    );
    expect(report).toMatchObject({ outcome: 'failed', migrate: { outcome: 'failed' } });
  });
});
