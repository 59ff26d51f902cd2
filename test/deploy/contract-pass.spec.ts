import { MigrationBlockedError, type DataSourceMigrations, type MigrateReport } from 'nestjs-backfill';
import { DeploySequence } from '../../libs/backfill/src/deploy/deploy.sequence.ts';
import type { PhaseRun } from '../../libs/backfill/src/deploy/phase-run.ts';
import type { DeployReport } from '../../libs/backfill/src/deploy/deploy.report.ts';
import { migrateOf, reportOf } from '../one-shot/output/reports.ts';

const CONTRACT = 'RequireX2';

/** A deployment that begins with a contract migration that waits for a backfill, which it then completes. */
async function deploy(
  first: Partial<DataSourceMigrations> & { readonly status: string },
  second: MigrateReport = migrateOf({ outcome: 'done', ran: [{ name: CONTRACT, durationMs: 3 }] }),
  { proved = true, stopped = false } = {},
): Promise<{ readonly passes: number; readonly report: DeployReport }> {
  const { status, ...changes } = first;
  const waiting = migrateOf({
    outcome: 'deferred',
    ran: [],
    deferred: { name: CONTRACT, waitsFor: [{ backfill: 'leads-x', status }] },
    pending: [CONTRACT],
    ...changes,
  });
  const reports = [waiting, second];
  let passes = 0;
  const stop = new AbortController();
  const migrate: PhaseRun<MigrateReport> = {
    phase: 'migrate',
    prepare: () => async () => reports[passes++] ?? second,
    cutShort: () => second,
  };
  const backfill: PhaseRun<NonNullable<DeployReport['backfill']>> = {
    phase: 'backfill',
    prepare: () => async () => {
      if (stopped) stop.abort('SIGTERM');
      return { phase: 'backfill', outcome: 'complete', backfills: [reportOf({ name: 'leads-x', proved })] };
    },
    cutShort: (outcome, reason) => ({ phase: 'backfill', outcome, reason, backfills: [] }),
  };
  const sequence = new DeploySequence([migrate, backfill], () => undefined, stop.signal);
  const report = (await sequence.run({} as never, 'AppModule')) as DeployReport;
  return { passes, report };
}

describe('a contract migration that was deferred at the start of a deployment', () => {
  it('is run at its end, when an earlier deployment had begun its backfill and this one has completed it', async () => {
    const { passes, report } = await deploy({ status: 'incomplete' });
    expect(passes).toBe(2);
    expect(report).toMatchObject({ outcome: 'complete', left: [], migrate: { outcome: 'done' } });
  });

  it.each([
    [
      'this deployment has itself extended the schema',
      { status: 'incomplete', ran: [{ name: 'AddX1', durationMs: 1 }] },
      {},
    ],
    ['no deployment before has run its backfill', { status: 'pending' }, {}],
    ['the deployment before was killed in its backfill', { status: 'running' }, {}],
    ['its backfill is not proved complete', { status: 'incomplete' }, { proved: false }],
    ['the process is told to stop', { status: 'incomplete' }, { stopped: true }],
  ])('is left for the next one when %s', async (_when, first, how) => {
    const { passes, report } = await deploy(first, undefined, how);
    expect(passes).toBe(1);
    expect(report).toMatchObject({ outcome: 'incomplete', migrate: { outcome: 'deferred' } });
    expect(report.left.map(({ name }) => name)).toContain(CONTRACT);
  });

  it('stays deferred when it does not get its locks there, which stops no deployment', async () => {
    const error = new MigrationBlockedError(CONTRACT, 10, [], 'ALTER TABLE leads', undefined);
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

  it('stops the deployment when it fails there in any other way', async () => {
    const failed = { name: CONTRACT, error: new SyntaxError('a typing error') };
    const { report } = await deploy(
      { status: 'incomplete' },
      migrateOf({ outcome: 'failed', ran: [], failed }),
    );
    expect(report).toMatchObject({ outcome: 'failed', migrate: { outcome: 'failed' } });
  });
});
