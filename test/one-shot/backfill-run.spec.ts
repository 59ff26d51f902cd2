import {
  NO_BACKFILL_DECLARED,
  type BackfillPhaseReport,
  type PhaseOutcome,
} from '../../libs/backfill/src/report/report.ts';
import { renderSummary } from '../../libs/backfill/src/one-shot/output/text/summary.renderer.ts';
import { parseArguments } from '../../libs/backfill/src/one-shot/arguments/arguments.parser.ts';
import { OneShotRunner } from '../../libs/backfill/src/one-shot/one-shot.runner.ts';
import { reportOf } from './output/reports.ts';
import {
  backfillPhaseOf,
  BackfillsStub,
  PhasesStub,
  RecordedOutput,
  rootModule,
  run,
  stopOf,
  UnknownBackfillError,
} from './run.ts';

describe('a one-shot run of backfills', () => {
  it('passes the arguments on to the service', async () => {
    const backfills = new BackfillsStub();
    backfills.run.mockResolvedValue(backfillPhaseOf('complete'));
    await run(
      '--backfill a b --tenant 5 --max-duration 1m --connect-timeout 2s --retry-quarantined',
      backfills,
    );
    expect(backfills.run.mock.calls[0]?.[0]).toMatchObject({
      names: ['a', 'b'],
      tenants: ['5'],
      maxDurationMs: 60_000,
      connectTimeoutMs: 2_000,
      retryQuarantined: true,
    });
  });

  it('runs all backfills when no name is given', async () => {
    const backfills = new BackfillsStub();
    backfills.run.mockResolvedValue(backfillPhaseOf('complete'));
    await run('--backfill', backfills);
    const request = backfills.run.mock.calls[0]?.[0] ?? {};
    expect(Object.keys(request).sort()).toEqual([
      'connectTimeoutMs',
      'observer',
      'predict',
      'retryQuarantined',
      'signal',
    ]);
  });

  it.each<[PhaseOutcome, number, number]>([
    ['complete', 0, 0],
    ['nothing-to-do', 0, 0],
    ['incomplete', 0, 3],
    ['failed', 0, 3],
  ])(
    'maps the outcome %s to the exit code %d, and to %d with --strict',
    async (outcome, code, strictCode) => {
      const backfills = new BackfillsStub();
      backfills.run.mockResolvedValue(backfillPhaseOf(outcome));
      const { exitCode, output } = await run('--backfill', backfills);
      expect(exitCode).toBe(code);
      expect(output.reports).toEqual([backfillPhaseOf(outcome)]);
      expect((await run('--backfill --strict', backfills)).exitCode).toBe(strictCode);
    },
  );

  it('of an application without backfills claims no proof, and exits with 3 with --strict', async () => {
    const backfills = new BackfillsStub();
    const report = {
      phase: 'backfill',
      outcome: 'nothing-to-do',
      reason: NO_BACKFILL_DECLARED,
      backfills: [],
    };
    backfills.run.mockResolvedValue(report as BackfillPhaseReport);
    expect(await run('--backfill', backfills)).toMatchObject({ exitCode: 0 });
    expect(await run('--backfill --strict', backfills)).toMatchObject({ exitCode: 3 });
    expect(renderSummary(report as BackfillPhaseReport)).toBe(
      `\nNothing was run.\n${NO_BACKFILL_DECLARED}\n`,
    );
    expect(await run('--deploy --strict', new PhasesStub())).toMatchObject({ exitCode: 0 });
  });

  it('exits with 2 and prints only the message when a backfill does not exist', async () => {
    const backfills = new BackfillsStub();
    backfills.run.mockRejectedValue(new UnknownBackfillError());
    const { exitCode, output } = await run('--backfill a', backfills);
    expect(exitCode).toBe(2);
    expect(output).toMatchObject({ errors: ['Unknown backfill "a".\n  → Declare it.'], reports: [] });
    const withJson = await run('--backfill a --json', backfills);
    expect(withJson.output.reports).toMatchObject([{ outcome: 'failed', backfills: [] }]);
  });

  it('exits with 2 and names the missing import when the application does not import the library', async () => {
    const { exitCode, output } = await run('--backfill', undefined);
    expect(exitCode).toBe(2);
    expect(output.errors[0]).toContain('AppModule does not import BackfillModule');
    expect(output.errors[0]).toContain('BackfillModule.forRoot()');
  });

  it('calls a root module that is made at run time the root module', async () => {
    const output = new RecordedOutput();
    const runner = new OneShotRunner(
      { module: rootModule(undefined) },
      { request: parseArguments(['--backfill']), output, stop: stopOf() },
    );
    const { exitCode, app } = await runner.run();
    await app?.close();
    expect(exitCode).toBe(2);
    expect(output.errors[0]).toContain('The root module does not import BackfillModule');
  });

  it('reports an unexpected error with its stack, which does not stop a deployment', async () => {
    const backfills = new BackfillsStub();
    backfills.run.mockRejectedValue(new TypeError('x is not a function'));
    const { exitCode, output } = await run('--backfill', backfills);
    expect(exitCode).toBe(0);
    expect(output.errors[0]).toMatch(/^TypeError: x is not a function\n {4}at /);
    expect(output.reports).toEqual([
      { phase: 'backfill', outcome: 'failed', reason: 'x is not a function', backfills: [] },
    ]);
  });

  it('fails on an uncaught error and reports the finished backfills', async () => {
    const output = new RecordedOutput();
    const backfills = new BackfillsStub();
    const started = new Promise<void>((resolve) => {
      backfills.run.mockImplementation(async (request) => {
        request?.observer?.finished?.(reportOf());
        resolve();
        return new Promise<never>(() => undefined);
      });
    });
    const request = parseArguments(['--backfill', '--strict']);
    const runner = new OneShotRunner(rootModule(backfills), { request, output, stop: stopOf() });
    void runner.run();
    await started;
    expect(await runner.uncaught(new TypeError('floating'))).toEqual({ exitCode: 3, mustExit: true });
    expect(output.reports).toEqual([{ ...backfillPhaseOf('failed'), reason: 'floating' }]);
    expect(output.errors[0]).toContain('TypeError: floating');
  });

  it('reports the finished backfills, and that work is left, when it is forced to stop', async () => {
    const backfills = new BackfillsStub();
    backfills.run.mockImplementation(async (request) => {
      request?.observer?.finished?.(reportOf());
      return new Promise<never>(() => undefined);
    });
    const stop = stopOf({ forceStop: Promise.resolve('SIGTERM, twice') });
    const { exitCode, mustExit, output } = await run('--backfill --strict', backfills, stop);
    expect({ exitCode, mustExit }).toEqual({ exitCode: 3, mustExit: true });
    expect(output.reports).toEqual([{ ...backfillPhaseOf('incomplete'), reason: 'SIGTERM, twice' }]);
  });

  it('does nothing when it is stopped before it starts', async () => {
    const backfills = new BackfillsStub();
    const stop = stopOf({ signal: AbortSignal.abort('SIGTERM') });
    const { exitCode, output } = await run('--backfill', backfills, stop);
    expect(exitCode).toBe(0);
    expect(output.reports).toMatchObject([{ outcome: 'incomplete', backfills: [] }]);
    expect(backfills.run).not.toHaveBeenCalled();
  });
});
