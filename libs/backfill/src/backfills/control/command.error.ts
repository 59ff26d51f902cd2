import { BackfillError } from '../../errors/backfill.error.js';

/** A signal stopped a person's command before its change. @publicApi */
export class CommandStoppedError extends BackfillError {
  constructor(reason: string, cause?: unknown) {
    super(`The command was stopped by ${reason} before its next change.`, {
      subject: reason,
      remedy: 'What it had not done yet is unchanged. Give the command again.',
      cause,
    });
  }
}

/** A person's command did not get a lock in time. @publicApi */
export class CommandBlockedError extends BackfillError {
  /** @param waitedFor the lock and its holder; null if it is not known */
  constructor(waitedFor: string | null, cause: unknown) {
    super(
      `The command did not get a lock within the lock timeout: ${waitedFor ?? 'its holder is not known'}.`,
      {
        subject: 'lock',
        remedy:
          'The change that waited was not made; any before it were. End the session that holds the lock, or wait for it, and give the command again.',
        cause,
      },
    );
  }
}
