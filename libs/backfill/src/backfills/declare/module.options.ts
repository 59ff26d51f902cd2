import { InvalidBackfillOptionError } from '../../options/option.error.js';
import { MODULE_NAME, refuseUnknownOptions } from '../../options/known-options.js';
import { resolveThrottles } from '../throttle/throttle.limits.js';
import type { ThrottleOptions } from '../throttle/throttle.options.js';
import type { PaceOptions } from './backfill.options.js';
import { PACE_NAMES } from './known-options.js';
import { checkPace } from './pace.js';

/** The options of `BackfillModule.forRoot` that apply to every backfill without its own value. */
export interface BackfillModuleDefaults {
  readonly defaults?: PaceOptions;
  readonly throttles?: ThrottleOptions | false;
  /** The names of backfills whose classes were removed. */
  readonly retired?: readonly string[];
}

/** The token of the checked `BackfillModuleDefaults`. */
export const BACKFILL_MODULE_DEFAULTS = Symbol.for('nestjs-backfill:backfill-defaults');

/**
 * Checks the module's defaults separately, so that an error names the module, even if no backfill uses them.
 *
 * @throws InvalidBackfillOptionError naming the option
 */
export function resolveModuleDefaults({
  defaults,
  throttles,
  retired,
}: BackfillModuleDefaults): BackfillModuleDefaults {
  refuseUnknownOptions(MODULE_NAME, defaults, { names: PACE_NAMES, path: 'defaults' });
  checkPace(MODULE_NAME, defaults ?? {}, 'defaults');
  resolveThrottles(MODULE_NAME, throttles);
  checkRetired(retired);
  return {
    ...(defaults === undefined ? {} : { defaults }),
    ...(throttles === undefined ? {} : { throttles }),
    ...(retired === undefined ? {} : { retired }),
  };
}

function checkRetired(retired: unknown): void {
  if (retired === undefined || (Array.isArray(retired) && retired.every((name) => typeof name === 'string')))
    return;
  throw new InvalidBackfillOptionError(
    MODULE_NAME,
    'retired',
    `is ${JSON.stringify(retired)}`,
    'Give the names of the backfills whose classes were removed, e.g. `retired: ["leads-search-name"]`.',
  );
}
