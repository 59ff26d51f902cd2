import { BackfillError } from '../../errors/backfill.error.js';

/** A throttle's value is there, and does not tell what it should. */
export class ThrottleUnreadableError extends BackfillError {
  constructor(throttle: string, problem: string, remedy: string) {
    super(problem, { subject: throttle, remedy });
  }
}

/** A check is one instance that lives as long as the application; this provider's instances do not. */
export class RequestScopedThrottleError extends BackfillError {
  constructor(className: string) {
    super(
      `${className} is transient or request-scoped (or depends on a provider that is request-scoped), and a throttle is one instance that is asked without a request.`,
      {
        subject: className,
        remedy: 'Give it, and what it injects, the default scope.',
      },
    );
  }
}

/** A class decorated with `@BackfillThrottle` cannot be asked as it is declared. */
export class ThrottleDeclarationError extends BackfillError {
  constructor(className: string, problem: string, remedy: string) {
    super(`${className}: ${problem}.`, { subject: className, remedy });
  }
}
