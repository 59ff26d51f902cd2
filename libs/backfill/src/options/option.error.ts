import { BackfillError } from '../errors/backfill.error.js';

/**
 * An option of `@Backfill` or of `BackfillModule.forRoot` has an invalid value.
 *
 * @publicApi
 */
export class InvalidBackfillOptionError extends BackfillError {
  /** The option's path, e.g. `defaults.pause`. */
  readonly option: string;

  constructor(className: string, option: string, problem: string, remedy: string) {
    super(`${className}: the option \`${option}\` ${problem}.`, { subject: className, remedy });
    this.option = option;
  }
}
