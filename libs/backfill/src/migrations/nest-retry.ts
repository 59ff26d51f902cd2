import { BackfillError } from '../errors/backfill.error.js';

/**
 * Whether @nestjs/typeorm should try `initialize()` again after this error: not when a migration was refused, which no
 * repetition changes. For `TypeOrmModule.forRoot({ toRetry: retryUnlessRefused, … })`; refusals surface at once without it too,
 * and the option says so in the open.
 *
 * @publicApi
 */
export function retryUnlessRefused(error: unknown): boolean {
  return !(error instanceof BackfillError);
}

/** The function of @nestjs/typeorm (10 to 12) whose retries an error must not go through. */
const RETRYING_FRAME = /typeorm[\\/]dist[\\/]common[\\/]typeorm\.utils\./;

/**
 * With `migrationsRun: true`, @nestjs/typeorm answers any error of `initialize()` by logging `error.stack` and starting anew, nine
 * times with three seconds between. It offers no hook to the error itself, so the error ends that by throwing itself when it is
 * asked for its stack from there; everybody else gets the stack.
 */
export function surfaceAtOnce(error: Error): void {
  const stack = error.stack;
  Object.defineProperty(error, 'stack', {
    configurable: true,
    get(): string | undefined {
      const asking: { stack?: string } = {};
      Error.captureStackTrace(asking);
      if (RETRYING_FRAME.test(asking.stack ?? '')) throw error;
      return stack;
    },
    set(value: unknown) {
      Object.defineProperty(error, 'stack', { value, writable: true, configurable: true });
    },
  });
}
