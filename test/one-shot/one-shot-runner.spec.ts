import { Module, type LoggerService, type Provider } from '@nestjs/common';
import { jest } from '@jest/globals';
import { BackfillError } from '../../libs/backfill/src/errors/backfill.error.ts';
import type { ControlReport } from '../../libs/backfill/src/backfills/report/control-report.ts';
import type { PlanReport } from '../../libs/backfill/src/backfills/report/plan.ts';
import type { BackfillPhaseReport, PhaseOutcome } from '../../libs/backfill/src/backfills/report/report.ts';
import type { RunRequest } from '../../libs/backfill/src/backfills/report/request.ts';
import type { StatusReport } from '../../libs/backfill/src/backfills/report/status-report.ts';
import { parseArguments } from '../../libs/backfill/src/one-shot/arguments/arguments.parser.ts';
import { BackfillService, IndexesService, MigrationsService } from 'nestjs-backfill';
import type {
  OneShotPlan,
  OneShotReport,
  OneShotStatus,
  UnreadLook,
} from '../../libs/backfill/src/deploy/deploy.report.ts';
import type { BackfillEngine, IndexEngine, MigrationEngine } from '../../libs/backfill/src/deploy/engine.ts';
import type { IndexesReport } from '../../libs/backfill/src/indexes/indexes.report.ts';
import type {
  DataSourceMigrations,
  MigrateReport,
} from '../../libs/backfill/src/migrations/migrate.report.ts';
import type { OneShotOutput } from '../../libs/backfill/src/one-shot/output/one-shot.output.ts';
import { OneShotRunner, type OneShotEnd } from '../../libs/backfill/src/one-shot/one-shot.runner.ts';
import { indexesOf, migrateOf, reportOf } from './output/reports.ts';

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
  readonly reports: (OneShotReport | OneShotPlan | OneShotStatus | UnreadLook)[] = [];
  readonly orders: ControlReport[] = [];

  logOf = () => ({ log: () => undefined, warn: this.warn });
  warn = (message: string): void => void this.warnings.push(message);
  error = (message: string): void => void this.errors.push(message);
  phase = async (report: OneShotReport): Promise<void> => void this.reports.push(report);
  plan = async (report: OneShotPlan): Promise<void> => void this.reports.push(report);
  status = async (report: OneShotStatus): Promise<void> => void this.reports.push(report);
  unread = async (_: string, report: UnreadLook): Promise<void> => void this.reports.push(report);
  control = async (report: ControlReport): Promise<void> => void this.orders.push(report);
}

class StandIn implements BackfillEngine {
  readonly run = jest.fn<(request?: RunRequest) => Promise<BackfillPhaseReport>>();
  readonly plan = jest.fn<(request?: RunRequest) => Promise<PlanReport>>();
  readonly status = jest.fn<(request?: RunRequest) => Promise<StatusReport>>();
}

/** The three phases of an application; what a test does not say ends as it should. */
class Phases {
  readonly order: string[] = [];
  readonly backfill = new StandIn();
  readonly migrate: MigrationEngine = {
    run: jest.fn<MigrationEngine['run']>(async () => this.#reached('migrate', this.migrated)),
    status: async () => ({ phase: 'migrate', dataSources: [] }),
  };
  readonly indexes: IndexEngine = {
    run: jest.fn<IndexEngine['run']>(async () => this.#reached('indexes', this.built)),
    status: async () => ({ phase: 'indexes', dataSources: [] }),
  };
  migrated: MigrateReport = migrateOf();
  built: IndexesReport = indexesOf();

  constructor(outcome: PhaseOutcome = 'complete') {
    this.backfill.run.mockImplementation(async () => this.#reached('backfill', phaseOf(outcome)));
    this.backfill.status.mockResolvedValue({ phase: 'backfill', backfills: [] });
    this.backfill.plan.mockResolvedValue({ phase: 'backfill', plan: [] });
  }

  #reached<Report>(phase: string, report: Report): Report {
    this.order.push(phase);
    return report;
  }
}

function phaseOf(outcome: PhaseOutcome, name = 'leads-direction'): BackfillPhaseReport {
  return { phase: 'backfill', outcome, backfills: [reportOf({ name })] };
}

function rootModule(engine: BackfillEngine | Phases | undefined): new () => object {
  @Module({ providers: providersOf(engine) })
  class AppModule {}
  return AppModule;
}

function providersOf(engine: BackfillEngine | Phases | undefined): Provider[] {
  if (!engine) return [];
  if (!(engine instanceof Phases)) return [{ provide: BackfillService, useValue: engine }];
  return [
    { provide: BackfillService, useValue: engine.backfill },
    { provide: IndexesService, useValue: engine.indexes },
    { provide: MigrationsService, useValue: engine.migrate },
  ];
}

async function run(
  line: string,
  engine: BackfillEngine | Phases | undefined,
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
    const { exitCode, told } = await run('--backfill --status', engine);
    expect(exitCode).toBe(0);
    expect(engine.status).toHaveBeenCalledWith({});
    expect(told.reports).toEqual([{ phase: 'backfill', backfills: [] }]);
  });

  it('looks at every phase', async () => {
    const expected = {
      phase: 'deploy',
      migrate: { phase: 'migrate', dataSources: [] },
      indexes: { phase: 'indexes', dataSources: [] },
    };
    const status = await run('--status', new Phases());
    expect(status.told.reports).toEqual([{ ...expected, backfill: { phase: 'backfill', backfills: [] } }]);
    const plan = await run('--deploy --plan', new Phases());
    expect(plan.told.reports).toEqual([{ ...expected, backfill: { phase: 'backfill', plan: [] } }]);
  });

  it('says why backfills cannot be planned before the migrations', async () => {
    const phases = new Phases();
    phases.backfill.plan.mockRejectedValue(new UnknownBackfillError());
    const { exitCode, told } = await run('--deploy --plan', phases);
    expect(exitCode).toBe(0);
    expect(told.reports).toMatchObject([
      { backfill: { plan: [], reason: expect.stringContaining('"a"') as unknown } },
    ]);
  });

  it('ends at once when asked to stop, as it changes nothing', async () => {
    const engine = new StandIn();
    const controller = new AbortController();
    engine.status.mockImplementation(async () => {
      controller.abort('SIGINT');
      return new Promise<never>(() => undefined);
    });
    const stop = { signal: controller.signal, impatient: new Promise<string>(() => undefined) };
    expect(await run('--backfill --status', engine, stop)).toMatchObject({ exitCode: 0, abandoned: true });
  });
});

describe('a deployment', () => {
  it('runs migrations, indexes and backfills, in this order, and tells the three in one report', async () => {
    const phases = new Phases();
    const { exitCode, told } = await run('--deploy', phases);
    expect(phases.order).toEqual(['migrate', 'indexes', 'backfill']);
    expect(exitCode).toBe(0);
    expect(told.reports).toEqual([
      {
        phase: 'deploy',
        outcome: 'complete',
        left: [],
        migrate: migrateOf(),
        indexes: indexesOf(),
        backfill: phaseOf('complete'),
      },
    ]);
  });

  it('runs the phases that are asked for alone, whatever the order of the arguments', async () => {
    const phases = new Phases();
    await run('--backfill --migrate', phases);
    expect(phases.order).toEqual(['migrate', 'backfill']);
  });

  it('stops at a failed migration with exit code 1, and says what was not run', async () => {
    const phases = new Phases();
    phases.migrated = migrateOf({
      outcome: 'failed',
      failed: { name: 'AddX1', error: new UnknownBackfillError() },
      pending: ['AddX1', 'AddY2'],
    });
    const { exitCode, told } = await run('--deploy', phases);
    expect({ exitCode, order: phases.order }).toEqual({ exitCode: 1, order: ['migrate'] });
    expect(told.reports).toMatchObject([
      {
        outcome: 'failed',
        left: [
          { phase: 'migrate', name: 'AddX1' },
          { phase: 'migrate', name: 'AddY2', why: 'It comes after AddX1.' },
          { phase: 'indexes', name: null, why: 'It was not run, as the migrations did not succeed.' },
          { phase: 'backfill', name: null },
        ],
      },
    ]);
    expect((await run('--deploy --strict', phases)).exitCode).toBe(1);
  });

  it.each<[string, (phases: Phases) => void, string]>([
    ['a deferred migration', (phases) => (phases.migrated = deferred()), 'migrate'],
    ['an index that could not be built', (phases) => (phases.built = notBuilt()), 'indexes'],
    [
      'a backfill with work left',
      ({ backfill }) => backfill.run.mockResolvedValue({ ...phaseOf('incomplete'), backfills: [unproved()] }),
      'backfill',
    ],
    [
      'a backfill that broke',
      ({ backfill }) => backfill.run.mockRejectedValue(new TypeError('x is not a function')),
      'backfill',
    ],
    [
      'a refused backfill, as the migrations have run by then',
      ({ backfill }) => backfill.run.mockRejectedValue(new UnknownBackfillError()),
      'backfill',
    ],
  ])('goes on with %s, exits 0, and 3 with --strict', async (_, happens, phase) => {
    const phases = new Phases();
    happens(phases);
    const { exitCode, told } = await run('--deploy', phases);
    expect(exitCode).toBe(0);
    expect(told.reports).toMatchObject([{ phase: 'deploy', left: [{ phase }] }]);
    expect((await run('--deploy --strict', phases)).exitCode).toBe(3);
  });

  it('runs a contract migration that waited for a backfill as soon as that is complete', async () => {
    const phases = new Phases();
    phases.migrate.run = async () => {
      phases.order.push('migrate');
      return phases.order.length === 1 ? deferred({ ran: [] }) : migrateOf();
    };
    phases.backfill.run.mockResolvedValue(phaseOf('complete', 'leads-x'));
    const { exitCode, told } = await run('--deploy', phases);
    expect({ exitCode, order: phases.order }).toEqual({
      exitCode: 0,
      order: ['migrate', 'indexes', 'migrate'],
    });
    expect(told.reports).toMatchObject([{ outcome: 'complete', left: [], migrate: { outcome: 'done' } }]);
  });

  it('leaves it for the next deployment when this one has extended the schema', async () => {
    const phases = new Phases();
    phases.migrated = deferred();
    phases.backfill.run.mockResolvedValue(phaseOf('complete', 'leads-x'));
    await run('--deploy', phases);
    expect(phases.order).toEqual(['migrate', 'indexes']);
  });

  it('tells when what a migration waited for has been completed since', async () => {
    const phases = new Phases();
    phases.migrated = deferred();
    phases.backfill.run.mockResolvedValue({
      ...phaseOf('complete'),
      backfills: [reportOf({ name: 'leads-x' })],
    });
    const { told } = await run('--deploy', phases);
    expect(told.reports).toMatchObject([
      {
        left: [{ name: 'RequireX2', why: expect.stringContaining('the next deployment runs it') as unknown }],
      },
    ]);
  });

  it('that is stopped before its migrations have run has failed', async () => {
    const stop = { signal: AbortSignal.abort('SIGTERM'), impatient: new Promise<string>(() => undefined) };
    const { exitCode, told } = await run('--deploy', new Phases(), stop);
    expect(exitCode).toBe(1);
    expect(told.reports).toMatchObject([{ outcome: 'failed', migrate: { outcome: 'failed' } }]);
  });

  it('that is cut short in its backfills has succeeded so far', async () => {
    const phases = new Phases();
    let end: (reason: string) => void = () => undefined;
    const impatient = new Promise<string>((resolve) => (end = resolve));
    phases.backfill.run.mockImplementation(async () => {
      end('SIGTERM, twice');
      return new Promise<never>(() => undefined);
    });
    const stop = { signal: new AbortController().signal, impatient };
    const { exitCode, told } = await run('--deploy', phases, stop);
    expect(exitCode).toBe(0);
    expect(told.reports).toMatchObject([
      {
        outcome: 'incomplete',
        migrate: { outcome: 'done' },
        left: [{ phase: 'backfill', why: 'SIGTERM, twice' }],
      },
    ]);
  });

  it('of an application without the library runs nothing and exits 2', async () => {
    const { exitCode, told } = await run('--deploy', undefined);
    expect(exitCode).toBe(2);
    expect(told.errors[0]).toContain('AppModule does not import BackfillModule');
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
