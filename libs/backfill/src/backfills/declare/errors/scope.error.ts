import { BackfillError } from '../../../errors/backfill.error.js';

/** The provider is not a singleton. @publicApi */
export class RequestScopedBackfillError extends BackfillError {
  constructor(className: string) {
    super(
      `${className} is transient or request-scoped (or depends on a request-scoped provider). A backfill is a singleton that runs without a request.`,
      {
        subject: className,
        remedy:
          'Give the class, and everything that it injects, the default scope. Pass values that differ per call as arguments.',
      },
    );
  }
}
