import { Logger, type LoggerService } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import type { CatchUpModuleOptions } from 'nestjs-backfill';
import { TestApplication, type TestApplicationOptions } from './application.ts';

/** The name of the module's job in the `SchedulerRegistry`. */
export const MODULE_JOB = 'nestjs-backfill:catch-up';

/** Due once a year. Tests start the rounds themselves. */
export const ONCE_A_YEAR = '0 0 1 1 *';

/** An application with catch-up whose rounds a test starts. */
export class CatchUpApplication {
  private constructor(
    readonly application: TestApplication,
    readonly registry: SchedulerRegistry,
  ) {}

  static async start({
    catchUp = { cron: ONCE_A_YEAR },
    module,
    imports = [],
    ...options
  }: TestApplicationOptions & {
    readonly catchUp?: CatchUpModuleOptions | false;
  }): Promise<CatchUpApplication> {
    const application = await TestApplication.start({
      ...options,
      imports: [ScheduleModule.forRoot(), ...imports],
      module: { ...module, catchUp },
    });
    return new CatchUpApplication(application, application.context.get(SchedulerRegistry, { strict: false }));
  }

  /** Starts a round of the job, and waits for its end. */
  async runRound(job = MODULE_JOB): Promise<void> {
    await this.registry.getCronJob(job).fireOnTick();
  }

  get jobs(): string[] {
    return [...this.registry.getCronJobs().keys(), ...this.registry.getIntervals()];
  }

  /** The ledger's record of a backfill. */
  async status(name: string) {
    const { backfills } = await this.application.service.status({ names: [name] });
    const [status] = backfills;
    if (!status) throw new Error(`The ledger has no record of ${name}.`);
    return status;
  }

  stop(): Promise<void> {
    return this.application.stop();
  }
}

/** Captures what applications log, from `start` to `stop`. */
export class CapturedLog implements LoggerService {
  readonly lines: { readonly level: string; readonly text: string }[] = [];

  static start(): CapturedLog {
    const log = new CapturedLog();
    Logger.overrideLogger(log);
    return log;
  }

  stop(): void {
    Logger.overrideLogger(false);
  }

  log(message: unknown): void {
    this.#capture('log', message);
  }

  warn(message: unknown): void {
    this.#capture('warn', message);
  }

  error(message: unknown): void {
    this.#capture('error', message);
  }

  debug(message: unknown): void {
    this.#capture('debug', message);
  }

  /** The lines above the debug level. */
  get visible(): string[] {
    return this.lines.filter(({ level }) => level !== 'debug').map(({ level, text }) => `${level}: ${text}`);
  }

  clear(): void {
    this.lines.length = 0;
  }

  #capture(level: string, message: unknown): void {
    this.lines.push({ level, text: String(message) });
  }
}
