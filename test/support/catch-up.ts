import { Logger, type LoggerService } from '@nestjs/common';
import { ScheduleModule, SchedulerRegistry } from '@nestjs/schedule';
import type { CatchUpModuleOptions } from 'nestjs-backfill';
import { TestApplication, type TestApplicationOptions } from './application.ts';

/** The module's job, as it stands in the `SchedulerRegistry`. */
export const MODULE_JOB = 'nestjs-backfill:catch-up';

/** Due once a year: the tests let it come. */
export const ONCE_A_YEAR = '0 0 1 1 *';

/** An application that catches up, and whose rounds a test starts. */
export class CatchingUp {
  private constructor(
    readonly application: TestApplication,
    readonly registry: SchedulerRegistry,
  ) {}

  static async start({
    catchUp = { cron: ONCE_A_YEAR },
    module,
    imports = [],
    ...options
  }: TestApplicationOptions & { readonly catchUp?: CatchUpModuleOptions | false }): Promise<CatchingUp> {
    const application = await TestApplication.start({
      ...options,
      imports: [ScheduleModule.forRoot(), ...imports],
      module: { ...module, catchUp },
    });
    return new CatchingUp(application, application.context.get(SchedulerRegistry, { strict: false }));
  }

  /** Lets the job's time come, and waits for the end of the round. */
  async round(job = MODULE_JOB): Promise<void> {
    await this.registry.getCronJob(job).fireOnTick();
  }

  get jobs(): string[] {
    return [...this.registry.getCronJobs().keys(), ...this.registry.getIntervals()];
  }

  /** What the ledger says of a backfill. */
  async status(name: string) {
    const { backfills } = await this.application.service.status({ names: [name] });
    const [status] = backfills;
    if (!status) throw new Error(`The ledger says nothing of ${name}.`);
    return status;
  }

  stop(): Promise<void> {
    return this.application.stop();
  }
}

/** Hears what applications log, from `listen` to `rest`. */
export class HeardLog implements LoggerService {
  readonly lines: { readonly level: string; readonly text: string }[] = [];

  static listen(): HeardLog {
    const heard = new HeardLog();
    Logger.overrideLogger(heard);
    return heard;
  }

  rest(): void {
    Logger.overrideLogger(false);
  }

  log(message: unknown): void {
    this.#hear('log', message);
  }

  warn(message: unknown): void {
    this.#hear('warn', message);
  }

  error(message: unknown): void {
    this.#hear('error', message);
  }

  debug(message: unknown): void {
    this.#hear('debug', message);
  }

  /** What a person would see: everything but what helps to find errors. */
  get seen(): string[] {
    return this.lines.filter(({ level }) => level !== 'debug').map(({ level, text }) => `${level}: ${text}`);
  }

  clear(): void {
    this.lines.length = 0;
  }

  #hear(level: string, message: unknown): void {
    this.lines.push({ level, text: String(message) });
  }
}
