import { Backfill, type BackfillError, type BackfillOptions } from 'nestjs-backfill';
import { TestApplication, type TestApplicationOptions } from './application.ts';

/** Starts an application whose start must fail. @returns the error */
export async function refusal(options: TestApplicationOptions): Promise<BackfillError> {
  const outcome = await TestApplication.start(options).catch((error: unknown) => error as BackfillError);
  if (!(outcome instanceof TestApplication)) return outcome;
  await outcome.stop();
  throw new Error('The application started. It should have been refused.');
}

/**
 * Declares a backfill class without type checks, as a JavaScript program can.
 *
 * @param methods the methods of the class
 */
export function declared(className: string, options: object, methods: object): new () => object {
  const declaredClass = { [className]: class {} }[className] as new () => object;
  Object.assign(declaredClass.prototype as object, methods);
  Backfill(options as BackfillOptions)(declaredClass);
  return declaredClass;
}
