import { BackfillError } from '../../errors/backfill.error.js';

/** A signal stopped a person's command before its change. @publicApi */
export class CommandStoppedError extends BackfillError {
  /** A part of a sentence, without the command. */
  readonly problem: string;

  constructor(reason: string, cause?: unknown) {
    super(`The command was stopped by ${reason} before its next change.`, {
      subject: reason,
      remedy: 'What it had not done yet is unchanged. Give the command again.',
      cause,
    });
    this.problem = `it was stopped by ${reason}`;
  }
}

/** A person's command did not get a lock in time. @publicApi */
export class CommandBlockedError extends BackfillError {
  /** A part of a sentence, without the command. */
  readonly problem: string;

  /** @param waitedFor the lock and its holder; null if it is not known */
  constructor(waitedFor: string | null, cause: unknown) {
    const problem = `did not get a lock within the lock timeout: ${waitedFor ?? 'its holder is not known'}`;
    super(`The command ${problem}.`, {
      subject: 'lock',
      remedy:
        'The change that waited was not made; any before it were. End the session that holds the lock, or wait for it, and give the command again.',
      cause,
    });
    this.problem = `it ${problem}`;
  }
}
