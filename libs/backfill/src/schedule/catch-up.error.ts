import { BackfillError } from '../errors/backfill.error.js';

/** A number among the options of `catchUp` that cannot work. */
export class InvalidCatchUpNumberError extends BackfillError {
  readonly option: string;

  constructor(className: string, option: string, value: unknown, remedy: string) {
    super(`${className}: \`catchUp.${option}\` is ${shown(value)}.`, { subject: className, remedy });
    this.option = `catchUp.${option}`;
  }
}

/** Neither a cron expression nor an interval says when a round is due, or both do. */
export class UnclearScheduleError extends BackfillError {
  readonly option = 'catchUp';

  constructor(className: string, found: 'both' | 'neither') {
    super(
      found === 'both'
        ? `${className}: \`catchUp\` has both \`cron\` and \`interval\`.`
        : `${className}: \`catchUp\` has neither \`cron\` nor \`interval\`, so that no round is ever due.`,
      {
        subject: className,
        remedy:
          'Give one of the two, e.g. `catchUp: { cron: "0 * * * *" }` or `catchUp: { interval: 60_000 }`.',
      },
    );
  }
}

/** A cron expression that cannot be read. */
export class InvalidCronExpressionError extends BackfillError {
  readonly option = 'catchUp.cron';

  constructor(className: string, cron: unknown, cause?: unknown) {
    const why = cause instanceof Error ? ` (${cause.message})` : '';
    super(`${className}: \`catchUp.cron\` is ${shown(cron)}, which is no cron expression${why}.`, {
      subject: className,
      remedy:
        'Give five fields, minute to day of week, or six with the second first: "*/10 * * * *" is every ten minutes.',
      cause,
    });
  }
}

/** A cron expression whose time never comes, or never within the window, so that no round would ever be carried out. */
export class NeverDueError extends BackfillError {
  readonly option = 'catchUp.cron';

  /** @param window null where its time never comes at all */
  constructor(className: string, cron: string, timeZone: string, window: string | null, cause?: unknown) {
    super(
      `${className}: \`catchUp.cron\` is ${shown(cron)} (${timeZone}), ${
        window === null ? 'a time that never comes' : `which never falls into its window, ${window}`
      }.`,
      {
        subject: className,
        remedy:
          window === null
            ? 'Give a time that comes: "0 0 1 * *" is midnight on the first of each month.'
            : 'Let `cron` come within the window, e.g. each ten minutes ("*/10 * * * *"): outside of it nothing is done.',
        cause,
      },
    );
  }
}

/** A time zone that is not in the IANA database of this Node.js. */
export class UnknownTimeZoneError extends BackfillError {
  readonly option: string;

  constructor(className: string, option: string, timeZone: unknown) {
    super(`${className}: \`catchUp.${option}\` is ${shown(timeZone)}, which is no time zone known here.`, {
      subject: className,
      remedy: 'Give the name of the IANA time zone database, e.g. "Europe/Berlin" or "UTC".',
    });
    this.option = `catchUp.${option}`;
  }
}

/** A window without a beginning or an end that can be read, or without any time in it. */
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

/** Jitter that could carry a round beyond the next one. */
export class JitterTooLongError extends BackfillError {
  readonly option = 'catchUp.jitter';

  constructor(className: string, jitter: number, between: number) {
    super(
      `${className}: \`catchUp.jitter\` is ${jitter} ms, and only ${between} ms lie between two rounds.`,
      {
        subject: className,
        remedy: 'Let `jitter` be shorter than the time between two rounds; a tenth of it is plenty.',
      },
    );
  }
}

/** Catch-up is on, and the application has nothing that could call it. */
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

function shown(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
