import { Module, type LoggerService } from '@nestjs/common';
import { jest } from '@jest/globals';
import { BackfillError } from '../../libs/backfill/src/backfill.error.ts';
import type { PlanReport } from '../../libs/backfill/src/backfills/report/plan.ts';
import type { BackfillPhaseReport, PhaseOutcome } from '../../libs/backfill/src/backfills/report/report.ts';
import type { RunRequest } from '../../libs/backfill/src/backfills/report/request.ts';
import type { StatusReport } from '../../libs/backfill/src/backfills/report/status-report.ts';
import { parseArguments } from '../../libs/backfill/src/deploy/arguments.parser.ts';
import { BackfillService } from 'nestjs-backfill';
import type { BackfillEngine } from '../../libs/backfill/src/deploy/engine.ts';
import type { OneShotOutput } from '../../libs/backfill/src/deploy/one-shot.output.ts';
import { OneShotRunner, type OneShotEnd } from '../../libs/backfill/src/deploy/one-shot.runner.ts';
import { reportOf } from './reports.ts';

class UnknownBackfillError extends BackfillError {
  constructor() {
    super('Unknown backfill "a".', { subject: 'a', remedy: 'Declare it.' });
  }
}

const quiet: LoggerService = { log: () => undefined, error: () => undefined, warn: () => undefined };

/** Takes down what a run tells. */
class Told implements OneShotOutput {
  readonly logger = quiet;
  readonly observer = {};
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly reports: (BackfillPhaseReport | PlanReport | StatusReport)[] = [];

  warn = (message: string): void => void this.warnings.push(message);
  error = (message: string): void => void this.errors.push(message);
  phase = async (report: BackfillPhaseReport): Promise<void> => void this.reports.push(report);
  plan = async (report: PlanReport): Promise<void> => void this.reports.push(report);
  status = async (report: StatusReport): Promise<void> => void this.reports.push(report);
}

class StandIn implements BackfillEngine {
  readonly run = jest.fn<(request?: RunRequest) => Promise<BackfillPhaseReport>>();
  readonly plan = jest.fn<(request?: RunRequest) => Promise<PlanReport>>();
  readonly status = jest.fn<(request?: RunRequest) => Promise<StatusReport>>();
}

function phaseOf(outcome: PhaseOutcome): BackfillPhaseReport {
  return { phase: 'backfill', outcome, backfills: [reportOf()] };
}

function rootModule(engine: BackfillEngine | undefined): new () => object {
  @Module({ providers: engine ? [{ provide: BackfillService, useValue: engine }] : [] })
  class AppModule {}
  return AppModule;
}

async function run(
  line: string,
  engine: BackfillEngine | undefined,
  stop: { signal: AbortSignal; impatient: Promise<string> } = {
    signal: new AbortController().signal,
    impatient: new Promise<string>(() => undefined),
  },
): Promise<OneShotEnd & { told: Told }> {
  const told = new Told();
  const end = await new OneShotRunner(rootModule(engine), parseArguments(line.split(' ')), told, stop).run();
  await end.app?.close();
  return { ...end, told };
}

describe('a one-shot run', () => {
  it('asks for what the arguments say', async () => {
    const engine = new StandIn();
    engine.run.mockResolvedValue(phaseOf('complete'));
    await run('--backfill a b --tenant 5 --max-duration 1m --connect-timeout 2s --retry-quarantined', engine);
    expect(engine.run.mock.calls[0]?.[0]).toMatchObject({
      names: ['a', 'b'],
      tenants: ['5'],
      maxDurationMs: 60_000,
      connectTimeoutMs: 2_000,
      retryQuarantined: true,
    });
  });

  it('asks for all when no name is given', async () => {
    const engine = new StandIn();
    engine.run.mockResolvedValue(phaseOf('complete'));
    await run('--backfill', engine);
    const request = engine.run.mock.calls[0]?.[0] ?? {};
    expect(Object.keys(request).sort()).toEqual([
      'connectTimeoutMs',
      'observer',
      'retryQuarantined',
      'signal',
    ]);
  });

  it.each<[PhaseOutcome, number, number]>([
    ['complete', 0, 0],
    ['nothing-to-do', 0, 0],
    ['incomplete', 0, 3],
    ['failed', 0, 3],
  ])('that ends %s exits %d, and %d with --strict', async (outcome, code, strictCode) => {
    const engine = new StandIn();
    engine.run.mockResolvedValue(phaseOf(outcome));
    const { exitCode, told } = await run('--backfill', engine);
    expect(exitCode).toBe(code);
    expect(told.reports).toEqual([phaseOf(outcome)]);
    expect((await run('--backfill --strict', engine)).exitCode).toBe(strictCode);
  });

  it('of a backfill that does not exist exits 2 with the message alone', async () => {
    const engine = new StandIn();
    engine.run.mockRejectedValue(new UnknownBackfillError());
    const { exitCode, told } = await run('--backfill a', engine);
    expect(exitCode).toBe(2);
    expect(told).toMatchObject({ errors: ['Unknown backfill "a".\n  → Declare it.'], reports: [] });
    const asJson = await run('--backfill a --json', engine);
    expect(asJson.told.reports).toMatchObject([{ outcome: 'failed', backfills: [] }]);
  });

  it('of an application without backfills exits 2 and says what to import', async () => {
    const { exitCode, told } = await run('--backfill', undefined);
    expect(exitCode).toBe(2);
    expect(told.errors[0]).toContain('AppModule does not import BackfillModule');
    expect(told.errors[0]).toContain('BackfillModule.forRoot()');
  });

  it('that breaks has failed, which is told with its stack and stops no deployment', async () => {
    const engine = new StandIn();
    engine.run.mockRejectedValue(new TypeError('x is not a function'));
    const { exitCode, told } = await run('--backfill', engine);
    expect(exitCode).toBe(0);
    expect(told.errors[0]).toMatch(/^TypeError: x is not a function\n {4}at /);
    expect(told.reports).toEqual([
      { phase: 'backfill', outcome: 'failed', reason: 'x is not a function', backfills: [] },
    ]);
  });

  it('that an error ends which nobody caught has failed, and reports what has finished', async () => {
    const told = new Told();
    const engine = new StandIn();
    const running = new Promise<void>((resolve) => {
      engine.run.mockImplementation(async (request) => {
        request?.observer?.finished?.(reportOf());
        resolve();
        return new Promise<never>(() => undefined);
      });
    });
    const stop = { signal: new AbortController().signal, impatient: new Promise<string>(() => undefined) };
    const runner = new OneShotRunner(
      rootModule(engine),
      parseArguments(['--backfill', '--strict']),
      told,
      stop,
    );
    void runner.run();
    await running;
    expect(await runner.crashed(new TypeError('floating'))).toEqual({ exitCode: 3, abandoned: true });
    expect(told.reports).toEqual([{ ...phaseOf('failed'), reason: 'floating' }]);
    expect(told.errors[0]).toContain('TypeError: floating');
  });

  it('that may not go on reports what has finished, and that the rest is left', async () => {
    const engine = new StandIn();
    engine.run.mockImplementation(async (request) => {
      request?.observer?.finished?.(reportOf());
      return new Promise<never>(() => undefined);
    });
    const stop = { signal: new AbortController().signal, impatient: Promise.resolve('SIGTERM, twice') };
    const { exitCode, abandoned, told } = await run('--backfill --strict', engine, stop);
    expect({ exitCode, abandoned }).toEqual({ exitCode: 3, abandoned: true });
    expect(told.reports).toEqual([{ ...phaseOf('incomplete'), reason: 'SIGTERM, twice' }]);
  });

  it('that is asked to stop before it began does nothing', async () => {
    const engine = new StandIn();
    const stop = { signal: AbortSignal.abort('SIGTERM'), impatient: new Promise<string>(() => undefined) };
    const { exitCode, told } = await run('--backfill', engine, stop);
    expect(exitCode).toBe(0);
    expect(told.reports).toMatchObject([{ outcome: 'incomplete', backfills: [] }]);
    expect(engine.run).not.toHaveBeenCalled();
  });
});

describe('a look at the backfills', () => {
  it('prints the plan and exits 0', async () => {
    const engine = new StandIn();
    engine.plan.mockResolvedValue({ phase: 'backfill', plan: [] });
    const { exitCode, told } = await run('--backfill a --plan --tenant 5 --strict', engine);
    expect(exitCode).toBe(0);
    expect(engine.plan).toHaveBeenCalledWith({ names: ['a'], tenants: ['5'] });
    expect(told.reports).toEqual([{ phase: 'backfill', plan: [] }]);
  });

  it('prints the status and exits 0', async () => {
    const engine = new StandIn();
    engine.status.mockResolvedValue({ phase: 'backfill', backfills: [] });
    const { exitCode, told } = await run('--status', engine);
    expect(exitCode).toBe(0);
    expect(engine.status).toHaveBeenCalledWith({});
    expect(told.reports).toEqual([{ phase: 'backfill', backfills: [] }]);
  });

  it('ends at once when asked to stop, as it changes nothing', async () => {
    const engine = new StandIn();
    const controller = new AbortController();
    engine.status.mockImplementation(async () => {
      controller.abort('SIGINT');
      return new Promise<never>(() => undefined);
    });
    const stop = { signal: controller.signal, impatient: new Promise<string>(() => undefined) };
    expect(await run('--status', engine, stop)).toMatchObject({ exitCode: 0, abandoned: true });
  });
});
