import type { CatchUpJob } from './catch-up.jobs.js';
import type { Scheduler } from './scheduler.loader.js';

/**
 * Registers a job in the `SchedulerRegistry` and starts it.
 *
 * @returns a function that stops the job
 */
export function startTrigger(
  { name, settings: { trigger } }: CatchUpJob,
  { registry, cron }: Scheduler,
  onTick: () => Promise<void>,
): () => void {
  if (trigger.kind === 'cron') {
    const { cron: cronTime, timeZone } = trigger;
    const job = cron.CronJob.from({ cronTime, timeZone, name, waitForCompletion: true, onTick });
    registry.addCronJob(name, job);
    job.start();
    return () => void job.stop();
  }
  registry.addInterval(
    name,
    setInterval(() => void onTick(), trigger.ms),
  );
  return () => {
    if (registry.doesExist('interval', name)) registry.deleteInterval(name);
  };
}
