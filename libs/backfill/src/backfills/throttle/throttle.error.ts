import { BackfillError } from '../../errors/backfill.error.js';

/**
 * PostgreSQL hides a throttle's value from the role that runs the backfill.
 *
 * @publicApi
 */
export class ThrottleUnreadableError extends BackfillError {
  constructor(throttle: string, problem: string, remedy: string) {
    super(problem, { subject: throttle, remedy });
  }
}

/**
 * A throttle check is transient or request-scoped. It must be a singleton, because the run calls it outside
 * of requests.
 *
 * @publicApi
 */
export class RequestScopedThrottleError extends BackfillError {
  constructor(className: string) {
    super(
      `${className} is transient or request-scoped, or depends on a request-scoped provider. A throttle is one instance that is called outside of requests.`,
      {
        subject: className,
        remedy: 'Give it, and the providers that it injects, the default scope.',
      },
    );
  }
}

/**
 * A class with `@BackfillThrottle` is declared incorrectly.
 *
 * @publicApi
 */
export class ThrottleDeclarationError extends BackfillError {
  constructor(className: string, problem: string, remedy: string) {
    super(`${className}: ${problem}.`, { subject: className, remedy });
  }
}
