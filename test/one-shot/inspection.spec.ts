import { exitCodeOfInspection } from '../../libs/backfill/src/one-shot/exit-code.ts';
import type { OneShotStatus } from '../../libs/backfill/src/one-shot/one-shot.report.ts';
import { planOf, statusOf } from './output/reports.ts';
import { BackfillsStub, PhasesStub, run, stopOf, UnknownBackfillError } from './run.ts';

describe('an inspection with --plan or --status', () => {
  it('prints the plan and exits with 0', async () => {
    const backfills = new BackfillsStub();
    backfills.plan.mockResolvedValue({ phase: 'backfill', plan: [] });
    const { exitCode, output } = await run('--backfill a --plan --tenant 5', backfills);
    expect(exitCode).toBe(0);
    expect(backfills.plan).toHaveBeenCalledWith({ names: ['a'], tenants: ['5'] });
    expect(output.reports).toEqual([{ phase: 'backfill', plan: [] }]);
  });

  it('prints the status and exits with 0', async () => {
    const backfills = new BackfillsStub();
    backfills.status.mockResolvedValue({ phase: 'backfill', backfills: [] });
    const { exitCode, output } = await run('--backfill --status', backfills);
    expect(exitCode).toBe(0);
    expect(backfills.status).toHaveBeenCalledWith({}, expect.anything());
    expect(output.reports).toEqual([{ phase: 'backfill', backfills: [] }]);
  });

  it('shows every phase', async () => {
    const expected = {
      phase: 'deploy',
      migrate: { phase: 'migrate', dataSources: [] },
      indexes: { phase: 'indexes', dataSources: [] },
    };
    const status = await run('--status', new PhasesStub());
    expect(status.output.reports).toEqual([{ ...expected, backfill: { phase: 'backfill', backfills: [] } }]);
    const plan = await run('--deploy --plan', new PhasesStub());
    expect(plan.output.reports).toEqual([{ ...expected, backfill: { phase: 'backfill', plan: [] } }]);
  });

  it('reports why backfills cannot be planned before the migrations have run', async () => {
    const phases = new PhasesStub();
    phases.backfill.plan.mockRejectedValue(new UnknownBackfillError());
    const { exitCode, output } = await run('--deploy --plan', phases);
    expect(exitCode).toBe(0);
    expect(output.reports).toMatchObject([
      { backfill: { plan: [], reason: expect.stringContaining('"a"') as unknown } },
    ]);
  });

  describe('with --strict', () => {
    const migrate = (pending: readonly string[]) =>
      ({
        phase: 'migrate',
        dataSources: [{ dataSource: 'default', pending, waiting: [], exempt: [], grandfathered: [] }],
      }) as const;
    const indexes = (presence: 'exists' | 'differs') =>
      ({
        phase: 'indexes',
        dataSources: [
          { dataSource: 'default', indexes: [{ name: 'i', table: 't', presence }], undeclared: [] },
        ],
      }) as const;
    const statuses = (...changes: Parameters<typeof statusOf>[0][]) =>
      ({ phase: 'backfill', backfills: changes.map(statusOf) }) as const;

    it.each<[string, OneShotStatus, number]>([
      ['every backfill is complete', statuses({}, {}), 0],
      ['one is incomplete', statuses({}, { status: 'incomplete' }), 3],
      ['one is paused', statuses({ status: 'paused' }), 3],
      ['one has never run', statuses({ status: 'pending' }), 3],
      ['one failed that another release declares', statuses({}, { status: 'failed', declared: false }), 0],
      ['none is declared', statuses(), 3],
      ['a migration is pending', migrate(['AddX']), 3],
      ['no migration is pending', migrate([]), 0],
      ['an index differs', indexes('differs'), 3],
      ['every index exists', indexes('exists'), 0],
      ['everything is done', { phase: 'deploy', migrate: migrate([]), backfill: statuses({}) }, 0],
      ['a deployment has no backfill', { phase: 'deploy', migrate: migrate([]), backfill: statuses() }, 0],
      ['one phase has work', { phase: 'deploy', migrate: migrate(['AddX']), backfill: statuses({}) }, 3],
    ])('the status has an exit code for scripts: %s', (_, report, code) => {
      expect(exitCodeOfInspection(report, { strict: true })).toBe(code);
      expect(exitCodeOfInspection(report, { strict: false })).toBe(0);
    });

    it.each([
      ['no row is pending', { plan: [planOf({ status: 'complete', pending: 0 })] }, 0],
      ['rows are pending', { plan: [planOf({ status: 'complete', pending: 3 })] }, 3],
      ['it has never run', { plan: [planOf({ status: 'pending', pending: 0 })] }, 3],
      ['the rows are not counted', { plan: [planOf({ status: 'complete', pending: null })] }, 0],
      [
        'the rows are estimated',
        { plan: [planOf({ status: 'complete', pending: 1, pendingIsEstimate: true })] },
        0,
      ],
      [
        'many rows are estimated',
        { plan: [planOf({ status: 'complete', pending: 98_213, pendingIsEstimate: true })] },
        3,
      ],
      [
        'what it reads was dropped after its proof',
        { plan: [], unplanned: [{ name: 'a', reason: 'Its column is gone.', complete: true } as const] },
        0,
      ],
      [
        'one cannot be planned',
        { plan: [], unplanned: [{ name: 'a', reason: 'Its column is missing.' }] },
        3,
      ],
    ])('the plan has an exit code for scripts: %s', (_, plan, code) => {
      expect(exitCodeOfInspection({ phase: 'backfill', ...plan }, { strict: true })).toBe(code);
      expect(exitCodeOfInspection({ phase: 'backfill', ...plan }, { strict: false })).toBe(0);
    });

    it('decides on the exit code of --status and --plan', async () => {
      const backfills = new BackfillsStub();
      backfills.status.mockResolvedValue(statuses({ status: 'incomplete' }));
      backfills.plan.mockResolvedValue({ phase: 'backfill', plan: [planOf({ pending: 3 })] });
      expect(await run('--backfill --status --strict', backfills)).toMatchObject({ exitCode: 3 });
      expect(await run('--backfill --status', backfills)).toMatchObject({ exitCode: 0 });
      expect(await run('--backfill --plan --strict', backfills)).toMatchObject({ exitCode: 3 });
    });
  });

  it('ends at the first signal, because it changes nothing', async () => {
    const backfills = new BackfillsStub();
    const controller = new AbortController();
    backfills.status.mockImplementation(async () => {
      controller.abort('SIGINT');
      return new Promise<never>(() => undefined);
    });
    const stop = stopOf({ signal: controller.signal });
    expect(await run('--backfill --status', backfills, stop)).toMatchObject({ exitCode: 0, mustExit: true });
  });

  describe('of a database that is lost', () => {
    const lost = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });

    it.each([
      ['--backfill --status', 0, 'backfill'],
      ['--backfill --status --strict', 3, 'backfill'],
      ['--status', 0, 'deploy'],
    ])('with %s reports the reason and exits with %d, never with 1', async (line, exitCode, phase) => {
      const phases = new PhasesStub();
      phases.backfill.status.mockRejectedValue(lost);
      const result = await run(line, line.includes('--backfill') ? phases.backfill : phases);
      expect(result.exitCode).toBe(exitCode);
      expect(result.output.reports).toEqual([
        {
          phase,
          outcome: 'failed',
          reason: 'The connection to the database was lost: connect ECONNREFUSED 127.0.0.1:5432.',
        },
      ]);
    });
  });

  it.each([
    ['--backfill a --status', []],
    [
      '--backfill a --status --json',
      [{ phase: 'backfill', outcome: 'failed', reason: expect.stringContaining('"a"') as unknown }],
    ],
  ])('of an unknown backfill with %s explains it and exits with 2', async (line, reports) => {
    const backfills = new BackfillsStub();
    backfills.status.mockRejectedValue(new UnknownBackfillError());
    const { exitCode, output } = await run(line, backfills);
    expect(exitCode).toBe(2);
    expect(output.errors.join()).toContain('Declare it.');
    expect(output.reports).toEqual(reports);
  });
});
