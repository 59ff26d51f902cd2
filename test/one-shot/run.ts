import { Module, type LoggerService, type Provider } from '@nestjs/common';
import { jest } from '@jest/globals';
import { BackfillError, BackfillService, IndexesService, MigrationsService } from 'nestjs-backfill';
import type { ControlReport } from '../../libs/backfill/src/report/control-report.ts';
import type { PlanReport } from '../../libs/backfill/src/report/plan.ts';
import type { BackfillPhaseReport, PhaseOutcome } from '../../libs/backfill/src/report/report.ts';
import type { RunRequest } from '../../libs/backfill/src/report/request.ts';
import type { StatusReport } from '../../libs/backfill/src/report/status-report.ts';
import type {
  IndexPhaseService,
  MigrationPhaseService,
} from '../../libs/backfill/src/deploy/phase.services.ts';
import type { IndexesReport } from '../../libs/backfill/src/indexes/indexes.report.ts';
import type { MigrateReport } from '../../libs/backfill/src/migrations/migrate.report.ts';
import { PhaseObservers } from '../../libs/backfill/src/report/observers/phase-observers.registry.ts';
import { parseArguments } from '../../libs/backfill/src/one-shot/arguments/arguments.parser.ts';
import type {
  FailedInspection,
  OneShotPlan,
  OneShotReport,
  OneShotStatus,
} from '../../libs/backfill/src/one-shot/one-shot.report.ts';
import {
  OneShotRunner,
  type OneShotResult,
  type OneShotRunnerOptions,
} from '../../libs/backfill/src/one-shot/one-shot.runner.ts';
import type { OneShotOutput } from '../../libs/backfill/src/one-shot/output/one-shot.output.ts';
import { indexesOf, migrateOf, reportOf } from './output/reports.ts';

/** Represents an error of the library. */
export class UnknownBackfillError extends BackfillError {
  constructor() {
    super('Unknown backfill "a".', { subject: 'a', remedy: 'Declare it.' });
  }
}

const silentLogger: LoggerService = { log: () => undefined, error: () => undefined, warn: () => undefined };

/** Records the output of a run. */
export class RecordedOutput implements OneShotOutput {
  readonly logger = silentLogger;
  readonly observer = {};
  readonly warnings: string[] = [];
  readonly errors: string[] = [];
  readonly reports: (OneShotReport | OneShotPlan | OneShotStatus | FailedInspection)[] = [];
  readonly controls: ControlReport[] = [];

  phaseLogger = () => ({ log: () => undefined, warn: this.warn });
  warn = (message: string): void => void this.warnings.push(message);
  error = (message: string): void => void this.errors.push(message);
  report = async (report: OneShotReport): Promise<void> => void this.reports.push(report);
  plan = async (plan: OneShotPlan): Promise<void> => void this.reports.push(plan);
  status = async (status: OneShotStatus): Promise<void> => void this.reports.push(status);
  failedInspection = async (_: string, failure: FailedInspection): Promise<void> =>
    void this.reports.push(failure);
  control = async (report: ControlReport): Promise<void> => void this.controls.push(report);
  housekeeping = async (): Promise<void> => undefined;
}

/** Replaces the service that runs backfills. */
export class BackfillsStub {
  readonly run = jest.fn<(request?: RunRequest) => Promise<BackfillPhaseReport>>();
  readonly plan = jest.fn<(request?: RunRequest) => Promise<PlanReport>>();
  readonly status = jest.fn<(request?: RunRequest) => Promise<StatusReport>>();
}

/** Replaces the services of all three phases. Each phase succeeds unless a test changes it. */
export class PhasesStub {
  /** The phases that have run. */
  readonly order: string[] = [];
  readonly backfill = new BackfillsStub();
  readonly migrate: MigrationPhaseService = {
    run: jest.fn<MigrationPhaseService['run']>(async () => this.#record('migrate', this.migrateReport)),
    requiredBackfills: async () => [],
    status: async () => ({ phase: 'migrate', dataSources: [] }),
  };
  readonly indexes: IndexPhaseService = {
    run: jest.fn<IndexPhaseService['run']>(async () => this.#record('indexes', this.indexesReport)),
    status: async () => ({ phase: 'indexes', dataSources: [] }),
  };
  migrateReport: MigrateReport = migrateOf();
  indexesReport: IndexesReport = indexesOf();

  constructor() {
    this.backfill.run.mockImplementation(async () => this.#record('backfill', backfillPhaseOf('complete')));
    this.backfill.status.mockResolvedValue({ phase: 'backfill', backfills: [] });
    this.backfill.plan.mockResolvedValue({ phase: 'backfill', plan: [] });
  }

  #record<Report>(phase: string, report: Report): Report {
    this.order.push(phase);
    return report;
  }
}

export function backfillPhaseOf(outcome: PhaseOutcome, name = 'leads-direction'): BackfillPhaseReport {
  return { phase: 'backfill', outcome, backfills: [reportOf({ name })] };
}

/** An application that provides these services. Without services, it does not import the library. */
export function rootModule(services: BackfillsStub | PhasesStub | undefined): new () => object {
  @Module({ providers: providersOf(services) })
  class AppModule {}
  return AppModule;
}

function providersOf(services: BackfillsStub | PhasesStub | undefined): Provider[] {
  if (!services) return [];
  if (services instanceof BackfillsStub) return [{ provide: BackfillService, useValue: services }];
  return [
    { provide: BackfillService, useValue: services.backfill },
    { provide: IndexesService, useValue: services.indexes },
    { provide: MigrationsService, useValue: services.migrate },
    PhaseObservers,
  ];
}

/** Stop options of a run that nothing stops. A test changes some of them. */
export function stopOf(changes: Partial<OneShotRunnerOptions['stop']> = {}): OneShotRunnerOptions['stop'] {
  return {
    signal: new AbortController().signal,
    forceStop: new Promise<string>(() => undefined),
    ...changes,
  };
}

export interface RecordedRun extends OneShotResult {
  readonly output: RecordedOutput;
}

/** Runs a command line in an application with these services. */
export async function run(
  line: string,
  services: BackfillsStub | PhasesStub | undefined,
  stop = stopOf(),
): Promise<RecordedRun> {
  const output = new RecordedOutput();
  const request = parseArguments(line.split(' '));
  const result = await new OneShotRunner(rootModule(services), { request, output, stop }).run();
  await result.app?.close();
  return { ...result, output };
}
