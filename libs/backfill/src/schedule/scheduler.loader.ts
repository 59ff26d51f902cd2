import { createRequire } from 'node:module';
import type { ModuleRef } from '@nestjs/core';
import { SchedulerMissingError } from './catch-up.error.js';

/*
 * Separate type declarations for the used parts of @nestjs/schedule and of its dependency `cron`. Both packages
 * are optional, and the library's type declarations must compile without them.
 */

/** The used part of a `CronJob`. */
export interface ScheduledJob {
  start(): void;
  stop(): unknown;
}

/** The used part of the `SchedulerRegistry`. */
export interface JobRegistry {
  addCronJob(name: string, job: ScheduledJob): void;
  addInterval(name: string, interval: NodeJS.Timeout): void;
  doesExist(type: 'cron' | 'interval', name: string): boolean;
  deleteInterval(name: string): void;
}

/** The used part of the package `cron`. */
export interface CronPackage {
  readonly CronJob: {
    from(parameters: {
      readonly cronTime: string;
      readonly timeZone: string;
      readonly name: string;
      readonly waitForCompletion: boolean;
      readonly onTick: () => Promise<void>;
    }): ScheduledJob;
  };
  readonly CronTime: new (
    cron: string,
    timeZone: string,
  ) => {
    sendAt(times: number): readonly { toMillis(): number }[];
    /** The first time after `start`. */
    getNextDateFrom(start: Date, timeZone: string): { toMillis(): number };
  };
}

/** The application's scheduler. */
export interface Scheduler {
  readonly registry: JobRegistry;
  readonly cron: CronPackage;
}

/** Loads the optional packages. Called only for an application with catch-up. @throws SchedulerMissingError */
export async function loadScheduler(className: string, moduleRef: ModuleRef): Promise<Scheduler> {
  const { token, cron } = await loadPackages(className);
  try {
    return { registry: moduleRef.get<JobRegistry>(token, { strict: false }), cron };
  } catch (error) {
    throw new SchedulerMissingError(className, 'module', error);
  }
}

async function loadPackages(
  className: string,
): Promise<{ readonly token: abstract new () => unknown; readonly cron: CronPackage }> {
  try {
    const { SchedulerRegistry } = await import('@nestjs/schedule');
    // Resolves `cron` from @nestjs/schedule, so that both use the same copy.
    const schedule = createRequire(import.meta.url).resolve('@nestjs/schedule');
    return { token: SchedulerRegistry, cron: createRequire(schedule)('cron') as CronPackage };
  } catch (error) {
    throw new SchedulerMissingError(className, 'package', error);
  }
}
