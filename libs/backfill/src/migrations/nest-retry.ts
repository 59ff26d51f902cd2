import { BackfillError } from '../errors/backfill.error.js';

/**
 * Whether @nestjs/typeorm should retry `initialize()` after this error. An error of this library is not
 * retried, because a retry would fail in the same way. Use it as `TypeOrmModule.forRoot({ toRetry:
 * retryUnlessRefused, … })`. Without this option, @nestjs/typeorm does not retry either; the option makes
 * this explicit.
 *
 * @publicApi
 */
export function retryUnlessRefused(error: unknown): boolean {
  return !(error instanceof BackfillError);
}

/** The file of @nestjs/typeorm (10 to 12) whose retries must not catch a refusal. */
const RETRYING_FRAME = /typeorm[\\/]dist[\\/]common[\\/]typeorm\.utils\./;

/**
 * Ends the retries of @nestjs/typeorm for this error. With `migrationsRun: true`, it logs `error.stack` after
 * any error of `initialize()` and starts again, nine times with pauses of three seconds. It has no hook to
 * prevent this, so the getter of `stack` throws the error when that file reads it. All other code gets the
 * stack.
 */
export function preventNestRetries(error: Error): void {
  const stack = error.stack;
  Object.defineProperty(error, 'stack', {
    configurable: true,
    get(): string | undefined {
      const reader: { stack?: string } = {};
      Error.captureStackTrace(reader);
      if (RETRYING_FRAME.test(reader.stack ?? '')) throw error;
      return stack;
    },
    set(value: unknown) {
      Object.defineProperty(error, 'stack', { value, writable: true, configurable: true });
    },
  });
}
