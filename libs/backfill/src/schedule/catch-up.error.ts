import { messageOf } from '../postgres/error-classes.js';
import { BackfillError } from '../errors/backfill.error.js';
import { showOption } from '../options/known-options.js';

/** A number of `catchUp` is out of its bounds. @publicApi */
export class InvalidCatchUpNumberError extends BackfillError {
  readonly option: string;

  constructor(className: string, option: string, value: unknown, remedy: string) {
    super(`${className}: \`catchUp.${option}\` is ${showOption(value)}.`, { subject: className, remedy });
    this.option = `catchUp.${option}`;
  }
}

/** `catchUp` has both a cron expression and an interval, or neither. @publicApi */
export class UnclearScheduleError extends BackfillError {
  readonly option = 'catchUp';

  constructor(className: string, found: 'both' | 'neither') {
    super(
      found === 'both'
        ? `${className}: \`catchUp\` has both \`cron\` and \`interval\`.`
        : `${className}: \`catchUp\` has neither \`cron\` nor \`interval\`, so no round is ever due.`,
      {
        subject: className,
        remedy:
          'Give one of the two, e.g. `catchUp: { cron: "0 * * * *" }` or `catchUp: { interval: 60_000 }`.',
      },
    );
  }
}

/** The cron expression cannot be parsed. @publicApi */
export class InvalidCronExpressionError extends BackfillError {
  readonly option = 'catchUp.cron';

  constructor(className: string, cron: unknown, cause?: unknown) {
    const why = cause instanceof Error ? ` (${messageOf(cause)})` : '';
    super(`${className}: \`catchUp.cron\` is ${showOption(cron)}, which is not a cron expression${why}.`, {
      subject: className,
      remedy:
        'Give five fields, from minute to day of week, or six with the second first: "*/10 * * * *" is every ten minutes.',
      cause,
    });
  }
}

/** A cron expression that is never due, or never due within its window. */
export interface NeverDue {
  readonly cron: string;
  readonly timeZone: string;
  /** Null when the expression is never due at all. */
  readonly window: string | null;
  readonly cause?: unknown;
}

/** The cron expression is never due, or never within the window, so no round would ever run. @publicApi */
export class NeverDueError extends BackfillError {
  readonly option = 'catchUp.cron';

  constructor(className: string, { cron, timeZone, window, cause }: NeverDue) {
    super(
      `${className}: \`catchUp.cron\` is ${showOption(cron)} (${timeZone}), ${
        window === null ? 'which is never due' : `which is never due within its window, ${window}`
      }.`,
      {
        subject: className,
        remedy:
          window === null
            ? 'Give a time that exists: "0 0 1 * *" is midnight on the first day of each month.'
            : 'Let `cron` be due within the window, e.g. every ten minutes ("*/10 * * * *"): outside the window no round runs.',
        cause,
      },
    );
  }
}

/** The time zone is not in the IANA database of this Node.js. @publicApi */
export class UnknownTimeZoneError extends BackfillError {
  readonly option: string;

  constructor(className: string, option: string, timeZone: unknown) {
    super(`${className}: \`catchUp.${option}\` is ${showOption(timeZone)}, which is not a known time zone.`, {
      subject: className,
      remedy: 'Give a name of the IANA time zone database, e.g. "Europe/Berlin" or "UTC".',
    });
    this.option = `catchUp.${option}`;
  }
}

/** The window has an unreadable start or end, or is empty. @publicApi */
export class InvalidWindowError extends BackfillError {
  readonly option = 'catchUp.window';

  constructor(className: string, problem: string) {
    super(`${className}: \`catchUp.window\` ${problem}.`, {
      subject: className,
      remedy:
        'Give two different times of day, e.g. `window: { from: "22:00", to: "05:00", timeZone: "Europe/Berlin" }`.',
    });
  }
}

/** The jitter could delay a round beyond the next one. @publicApi */
export class JitterTooLongError extends BackfillError {
  readonly option = 'catchUp.jitter';

  constructor(className: string, jitterMs: number, gapMs: number) {
    super(`${className}: \`catchUp.jitter\` is ${jitterMs} ms, but two rounds are only ${gapMs} ms apart.`, {
      subject: className,
      remedy: 'Give a `jitter` that is shorter than the time between two rounds; a tenth of it is enough.',
    });
  }
}

/** Catch-up is on, but the application has no scheduler. @publicApi */
export class SchedulerMissingError extends BackfillError {
  readonly option = 'catchUp';

  constructor(className: string, missing: 'package' | 'module', cause?: unknown) {
    super(
      missing === 'package'
        ? `${className}: \`catchUp\` needs the package @nestjs/schedule, which could not be loaded.`
        : `${className}: \`catchUp\` needs the SchedulerRegistry of @nestjs/schedule, and no module of the application provides it.`,
      {
        subject: className,
        remedy:
          missing === 'package'
            ? 'Install it: npm install @nestjs/schedule (version 12 for NestJS 12, version 6 for NestJS 11). Or leave `catchUp` out.'
            : 'Add ScheduleModule.forRoot() to the imports of your root module. Or leave `catchUp` out.',
        cause,
      },
    );
  }
}
