import { inspect, type InspectOptions } from 'node:util';

/** The properties of every error of this library, besides its message. @publicApi */
export interface BackfillErrorDetails {
  /** The class, backfill, table or option that the error is about. */
  readonly subject: string;
  /** How to solve the problem; may contain code to paste. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/**
 * The base of every error that this library throws. The message contains the problem, its place and its
 * cause, and ends with the remedy.
 *
 * @publicApi
 */
export abstract class BackfillError extends Error {
  readonly subject: string;
  readonly remedy: string;

  protected constructor(problem: string, { subject, remedy, cause }: BackfillErrorDetails) {
    super(`${problem}\n  → ${remedy}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.subject = subject;
    this.remedy = remedy;
  }
}

// An instance of another copy of the library is an instance too: an application may load the ES module build and
// the CommonJS build. Subclasses keep the ordinary check.
const IS_BACKFILL_ERROR = Symbol.for('nestjs-backfill:error');
Object.defineProperty(BackfillError.prototype, IS_BACKFILL_ERROR, { value: true });
Object.defineProperty(BackfillError, Symbol.hasInstance, {
  value(this: unknown, candidate: unknown): boolean {
    return this === BackfillError
      ? typeof candidate === 'object' && candidate !== null && IS_BACKFILL_ERROR in candidate
      : Function.prototype[Symbol.hasInstance].call(this, candidate);
  },
});

const HAS_APPLICATION_TEXT = Symbol.for('nestjs-backfill:application-text');

/** Declares that messages of an error class contain text of the application, to which the option `redact` applies. */
export function declareApplicationText(type: { readonly prototype: BackfillError }): void {
  Object.defineProperty(type.prototype, HAS_APPLICATION_TEXT, { value: true });
}

/** Whether an error is the library's own, with a message that is made of redacted texts only. */
export function hasCleanMessage(error: unknown): boolean {
  return error instanceof BackfillError && !(HAS_APPLICATION_TEXT in error);
}

// `console.error` shows only the stack and the cause: the message contains the remedy, and the other
// properties are for programs. Defined outside the class, so that its type declaration does not need Node's
// types.
Object.defineProperty(BackfillError.prototype, inspect.custom, {
  value(this: BackfillError, _depth: number, options: InspectOptions): string {
    const stack = this.stack ?? this.message;
    return this.cause === undefined ? stack : `${stack}\n  [cause]: ${inspect(this.cause, options)}`;
  },
});
