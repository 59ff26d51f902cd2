import type { IndexesReport } from '../../libs/backfill/src/indexes/indexes.report.ts';
import type {
  DataSourceMigrations,
  MigrateReport,
} from '../../libs/backfill/src/migrations/migrate.report.ts';
import { indexesOf, migrateOf, reportOf } from './output/reports.ts';
import { backfillPhaseOf, PhasesStub, run, stopOf, UnknownBackfillError } from './run.ts';

describe('a deployment', () => {
  it('runs migrations, indexes and backfills in this order and reports all three together', async () => {
    const phases = new PhasesStub();
    const { exitCode, output } = await run('--deploy', phases);
    expect(phases.order).toEqual(['migrate', 'indexes', 'backfill']);
    expect(exitCode).toBe(0);
    expect(output.reports).toEqual([
      {
        phase: 'deploy',
        outcome: 'complete',
        left: [],
        migrate: migrateOf(),
        indexes: indexesOf(),
        backfill: backfillPhaseOf('complete'),
      },
    ]);
  });

  it('runs only the requested phases, in the order of the phases and not of the arguments', async () => {
    const phases = new PhasesStub();
    await run('--backfill --migrate', phases);
    expect(phases.order).toEqual(['migrate', 'backfill']);
  });

  it('stops at a failed migration with exit code 1 and reports what did not run', async () => {
    const phases = new PhasesStub();
    phases.migrateReport = migrateOf({
      outcome: 'failed',
      failed: { name: 'AddX1', error: new UnknownBackfillError() },
      pending: ['AddX1', 'AddY2'],
    });
    const { exitCode, output } = await run('--deploy', phases);
    expect({ exitCode, order: phases.order }).toEqual({ exitCode: 1, order: ['migrate'] });
    expect(output.reports).toMatchObject([
      {
        outcome: 'failed',
        left: [
          { phase: 'migrate', name: 'AddX1' },
          { phase: 'migrate', name: 'AddY2', why: 'It comes after AddX1.' },
          { phase: 'indexes', name: null, why: 'It was not run because the migrations failed.' },
          { phase: 'backfill', name: null },
        ],
      },
    ]);
    expect((await run('--deploy --strict', phases)).exitCode).toBe(1);
  });

  it.each<[string, (phases: PhasesStub) => void, string]>([
    ['a migration is deferred', (phases) => (phases.migrateReport = deferred()), 'migrate'],
    ['an index could not be built', (phases) => (phases.indexesReport = notBuilt()), 'indexes'],
    [
      'a backfill has work left',
      ({ backfill }) =>
        backfill.run.mockResolvedValue({ ...backfillPhaseOf('incomplete'), backfills: [unproved()] }),
      'backfill',
    ],
    [
      'a backfill throws',
      ({ backfill }) => backfill.run.mockRejectedValue(new TypeError('x is not a function')),
      'backfill',
    ],
    [
      'a backfill is refused after the migrations have run',
      ({ backfill }) => backfill.run.mockRejectedValue(new UnknownBackfillError()),
      'backfill',
    ],
  ])('continues when %s and exits with 0, or with 3 with --strict', async (_, prepare, phase) => {
    const phases = new PhasesStub();
    prepare(phases);
    const { exitCode, output } = await run('--deploy', phases);
    expect(exitCode).toBe(0);
    expect(output.reports).toMatchObject([{ phase: 'deploy', left: [{ phase }] }]);
    expect((await run('--deploy --strict', phases)).exitCode).toBe(3);
  });

  it('runs a contract migration as soon as the backfill that it waits for is complete', async () => {
    const phases = new PhasesStub();
    phases.migrate.run = async () => {
      phases.order.push('migrate');
      return phases.order.length === 1 ? deferred({ ran: [] }) : migrateOf();
    };
    phases.backfill.run.mockResolvedValue(backfillPhaseOf('complete', 'leads-x'));
    const { exitCode, output } = await run('--deploy', phases);
    expect({ exitCode, order: phases.order }).toEqual({
      exitCode: 0,
      order: ['migrate', 'indexes', 'migrate'],
    });
    expect(output.reports).toMatchObject([{ outcome: 'complete', left: [], migrate: { outcome: 'done' } }]);
  });

  it('leaves the contract migration for the next deployment when it has extended the schema itself', async () => {
    const phases = new PhasesStub();
    phases.migrateReport = deferred();
    phases.backfill.run.mockResolvedValue(backfillPhaseOf('complete', 'leads-x'));
    await run('--deploy', phases);
    expect(phases.order).toEqual(['migrate', 'indexes']);
  });

  it('reports that the backfill of a deferred migration is now complete', async () => {
    const phases = new PhasesStub();
    phases.migrateReport = deferred();
    phases.backfill.run.mockResolvedValue(backfillPhaseOf('complete', 'leads-x'));
    const { output } = await run('--deploy', phases);
    const why = 'It waited for leads-x, which is now complete. The next deployment runs it.';
    expect(output.reports).toMatchObject([{ left: [{ name: 'RequireX2', why }] }]);
  });

  it('fails when it is stopped before its migrations have run', async () => {
    const stop = stopOf({ signal: AbortSignal.abort('SIGTERM') });
    const { exitCode, output } = await run('--deploy', new PhasesStub(), stop);
    expect(exitCode).toBe(1);
    expect(output.reports).toMatchObject([{ outcome: 'failed', migrate: { outcome: 'failed' } }]);
  });

  it('succeeds with work left when it is interrupted during its backfills', async () => {
    const phases = new PhasesStub();
    let forceStop: (reason: string) => void = () => undefined;
    const stop = stopOf({ forceStop: new Promise<string>((resolve) => (forceStop = resolve)) });
    phases.backfill.run.mockImplementation(async () => {
      forceStop('SIGTERM, twice');
      return new Promise<never>(() => undefined);
    });
    const { exitCode, output } = await run('--deploy', phases, stop);
    expect(exitCode).toBe(0);
    expect(output.reports).toMatchObject([
      {
        outcome: 'incomplete',
        migrate: { outcome: 'done' },
        left: [{ phase: 'backfill', why: 'SIGTERM, twice' }],
      },
    ]);
  });

  it('runs nothing and exits with 2 when the application does not import the library', async () => {
    const { exitCode, output } = await run('--deploy', undefined);
    expect(exitCode).toBe(2);
    expect(output.errors[0]).toContain('AppModule does not import BackfillModule');
  });
});

function deferred(changes: Partial<DataSourceMigrations> = {}): MigrateReport {
  const waitsFor = [{ backfill: 'leads-x', status: 'incomplete', left: 3 }];
  return migrateOf({
    outcome: 'deferred',
    deferred: { name: 'RequireX2', waitsFor },
    pending: ['RequireX2'],
    ...changes,
  });
}

function notBuilt(): IndexesReport {
  return indexesOf({ outcome: 'warnings' }, { status: 'busy' });
}

function unproved(): ReturnType<typeof reportOf> {
  return reportOf({ status: 'incomplete', proved: false, reason: '3 rows are held.' });
}
