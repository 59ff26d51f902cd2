import type { BackfillDefinition } from '../backfills/definition/definition.js';
import { MODULE_NAME } from '../options/known-options.js';
import type { ModuleCatchUp } from './catch-up.options.js';
import { resolveSettings, mergeOptions, type CatchUpSettings } from './catch-up.settings.js';
import type { Scheduler } from './scheduler.loader.js';

/**
 * The module's job in the `SchedulerRegistry`. The job of a backfill with its own options is
 * `<this>:<backfill>`.
 */
export const CATCH_UP_JOB = 'nestjs-backfill:catch-up';

/** A scheduled job, and the backfills that it catches up on in the same rounds. */
export interface CatchUpJob {
  readonly name: string;
  readonly settings: CatchUpSettings;
  /** In dependency order. */
  readonly backfills: readonly BackfillDefinition[];
}

/**
 * Creates one job for the module, and one for each backfill with its own options.
 *
 * @throws the errors in catch-up.error.ts
 */
export function planJobs(
  definitions: readonly BackfillDefinition[],
  options: ModuleCatchUp,
  scheduler: Scheduler,
): readonly CatchUpJob[] {
  const own = definitions.filter(({ catchUp }) => typeof catchUp === 'object');
  return [
    ...moduleJob(definitions, options, scheduler),
    ...own.map((definition) => ownJob(definition, options, scheduler)),
  ];
}

function moduleJob(
  definitions: readonly BackfillDefinition[],
  { mode, shared }: ModuleCatchUp,
  scheduler: Scheduler,
): CatchUpJob[] {
  if (mode !== 'on') return [];
  const backfills = definitions.filter(({ catchUp }) => catchUp === undefined);
  const hasTrigger = shared.cron !== undefined || shared.interval !== undefined;
  // If each backfill has its own trigger, the module may set only shared options, e.g. a window.
  if (backfills.length === 0 && !hasTrigger) return [];
  const settings = resolveSettings(MODULE_NAME, shared, scheduler);
  return backfills.length > 0 ? [{ name: CATCH_UP_JOB, settings, backfills }] : [];
}

function ownJob(definition: BackfillDefinition, { shared }: ModuleCatchUp, scheduler: Scheduler): CatchUpJob {
  const { name, className, catchUp } = definition;
  return {
    name: `${CATCH_UP_JOB}:${name}`,
    settings: resolveSettings(className, mergeOptions(shared, catchUp || {}), scheduler),
    backfills: [definition],
  };
}
