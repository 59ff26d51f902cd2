import type { INestApplicationContext } from '@nestjs/common';
import { ModulesContainer } from '@nestjs/core';

/** The used part of the `SchedulerRegistry` of @nestjs/schedule, which is an optional package. */
interface Schedules {
  getCronJobs(): ReadonlyMap<string, { stop(): unknown }>;
  getIntervals(): readonly string[];
  deleteInterval(name: string): void;
  getTimeouts(): readonly string[];
  deleteTimeout(name: string): void;
}

/**
 * Stops the jobs, intervals and timeouts of `@nestjs/schedule`, which start with every application. A one-shot
 * run is no instance of the service: its jobs would run once more, beside those of the servers.
 */
export function stopSchedules(app: Pick<INestApplicationContext, 'get'>): void {
  for (const schedules of registriesOf(app)) {
    for (const job of schedules.getCronJobs().values()) job.stop();
    for (const name of schedules.getIntervals()) schedules.deleteInterval(name);
    for (const name of schedules.getTimeouts()) schedules.deleteTimeout(name);
  }
}

/** Found by its name: the class is known only to an application that has the package. */
function registriesOf(app: Pick<INestApplicationContext, 'get'>): Schedules[] {
  const providers = [...app.get(ModulesContainer, { strict: false }).values()].flatMap((module) => [
    ...module.providers.values(),
  ]);
  return providers
    .filter(({ metatype }) => typeof metatype === 'function' && metatype.name === 'SchedulerRegistry')
    .map(({ instance }) => instance as Schedules)
    .filter((instance) => typeof (instance as Partial<Schedules> | null)?.getCronJobs === 'function');
}
