import { inspect, type InspectOptions } from 'node:util';

/** What every error of this library tells, besides its message. */
export interface BackfillErrorDetails {
  /** The class, backfill, table or option that the error is about. */
  readonly subject: string;
  /** What to do instead; may hold code to paste. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/**
 * The base of every error that this library throws.
 * The message says what, where and why; `remedy` says what to do instead and closes the message.
 *
 * @publicApi
 */
export abstract class BackfillError extends Error {
  readonly subject: string;
  readonly remedy: string;

  protected constructor(what: string, { subject, remedy, cause }: BackfillErrorDetails) {
    super(`${what}\n  → ${remedy}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.subject = subject;
    this.remedy = remedy;
  }
}

// As `console.error` prints it: the message holds the remedy already, and what else is kept for programs is no reading.
// Defined aside, so that the declarations do not ask for Node's types.
Object.defineProperty(BackfillError.prototype, inspect.custom, {
  value(this: BackfillError, _depth: number, options: InspectOptions): string {
    const stack = this.stack ?? this.message;
    return this.cause === undefined ? stack : `${stack}\n  [cause]: ${inspect(this.cause, options)}`;
  },
});
