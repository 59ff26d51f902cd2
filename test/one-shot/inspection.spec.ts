import { BackfillsStub, PhasesStub, run, stopOf, UnknownBackfillError } from './run.ts';

describe('an inspection with --plan or --status', () => {
  it('prints the plan and exits with 0', async () => {
    const backfills = new BackfillsStub();
    backfills.plan.mockResolvedValue({ phase: 'backfill', plan: [] });
    const { exitCode, output } = await run('--backfill a --plan --tenant 5 --strict', backfills);
    expect(exitCode).toBe(0);
    expect(backfills.plan).toHaveBeenCalledWith({ names: ['a'], tenants: ['5'] });
    expect(output.reports).toEqual([{ phase: 'backfill', plan: [] }]);
  });

  it('prints the status and exits with 0', async () => {
    const backfills = new BackfillsStub();
    backfills.status.mockResolvedValue({ phase: 'backfill', backfills: [] });
    const { exitCode, output } = await run('--backfill --status', backfills);
    expect(exitCode).toBe(0);
    expect(backfills.status).toHaveBeenCalledWith({});
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
