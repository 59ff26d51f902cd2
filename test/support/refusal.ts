import { Backfill, type BackfillError, type BackfillOptions } from 'nestjs-backfill';
import { TestApplication, type TestApplicationOptions } from './application.ts';

/** Starts an application that must not start, and returns the error that ended the start. */
export async function refusal(options: TestApplicationOptions): Promise<BackfillError> {
  const outcome = await TestApplication.start(options).catch((error: unknown) => error as BackfillError);
  if (!(outcome instanceof TestApplication)) return outcome;
  await outcome.stop();
  throw new Error('The application started; it should have been refused.');
}

/**
 * A backfill class that is declared as its author wrote it, types or no types: as a JavaScript author could.
 *
 * @param code its methods
 */
export function declared(className: string, options: object, code: object): new () => object {
  const made = { [className]: class {} }[className] as new () => object;
  Object.assign(made.prototype as object, code);
  Backfill(options as BackfillOptions)(made);
  return made;
}
