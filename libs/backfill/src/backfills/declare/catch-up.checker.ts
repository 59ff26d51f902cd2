import { refuseUnknownOptions } from '../../options/known-options.js';
import { InvalidBackfillOptionError } from '../../options/option.error.js';
import type { CatchUpOptions, CatchUpWindow } from './catch-up.options.js';

const CATCH_UP = {
  cron: true,
  interval: true,
  timeZone: true,
  window: true,
  jitter: true,
  maxDuration: true,
} as const satisfies Record<keyof CatchUpOptions, true>;

const WINDOW = { from: true, to: true, timeZone: true } as const satisfies Record<keyof CatchUpWindow, true>;

/**
 * Checks that `catchUp` is false or an object of known options. schedule/ checks their values.
 *
 * @param moduleOnly the options that only the module's `catchUp` has
 * @throws InvalidBackfillOptionError naming the option
 */
export function checkCatchUpShape(
  className: string,
  given: unknown,
  moduleOnly: readonly string[] = [],
): void {
  if (given === undefined || given === false) return;
  if (typeof given !== 'object' || given === null) {
    throw new InvalidBackfillOptionError(
      className,
      'catchUp',
      `is ${JSON.stringify(given)}`,
      'Give options, e.g. `catchUp: { cron: "0 * * * *" }`, or false.',
    );
  }
  refuseUnknownOptions(className, given, {
    names: [...Object.keys(CATCH_UP), ...moduleOnly],
    path: 'catchUp',
  });
  if ('window' in given)
    refuseUnknownOptions(className, given.window, { names: Object.keys(WINDOW), path: 'catchUp.window' });
}
