/** What every error of the guard carries besides its message. @publicApi */
export interface GuardErrorDetails {
  /** The file, option or argument that the error is about. */
  readonly subject: string;
  /** What to do instead. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/**
 * The base of every error that the guard throws: a usage or configuration error, exit code 2.
 * The message says what and where; `remedy` says what to do instead and ends the message.
 *
 * @publicApi
 */
export abstract class GuardError extends Error {
  readonly subject: string;
  readonly remedy: string;

  protected constructor(what: string, { subject, remedy, cause }: GuardErrorDetails) {
    super(`${what}\n  → ${remedy}`, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.subject = subject;
    this.remedy = remedy;
  }
}

/** A file or folder that was named does not exist. @publicApi */
export class PathNotFoundError extends GuardError {
  constructor(path: string) {
    super(`${path} does not exist`, {
      subject: path,
      remedy: 'Name the folder of your migrations, e.g. `npx nestjs-backfill-guard check src/migrations`.',
    });
  }
}

/** There is nothing to check, which a wrong path looks like too. @publicApi */
export class NoMigrationsError extends GuardError {
  constructor(paths: readonly string[]) {
    super(`no migration found in ${paths.join(', ')}`, {
      subject: paths.join(', '),
      remedy:
        'Name the folder that holds your TypeORM migrations (.ts, .js or .sql). An empty check would pass for ever.',
    });
  }
}

/** A file of migrations that cannot be checked. @publicApi */
export class UnreadableFileError extends GuardError {
  constructor(
    readonly file: string,
    readonly problem: string,
  ) {
    super(`${file}: ${problem}`, {
      subject: file,
      remedy:
        'Repair the file, or leave it out with `--exclude`. A file that cannot be read is never passed.',
    });
  }
}

/** The baseline cannot be used. @publicApi */
export class BaselineError extends GuardError {
  constructor(file: string, problem: string, remedy: string) {
    super(`${file}: ${problem}`, { subject: file, remedy });
  }
}

/** A file given with an option cannot be used. @publicApi */
export class OptionFileError extends GuardError {
  constructor(option: string, file: string, problem: string) {
    super(`${option} ${file}: ${problem}`, {
      subject: option,
      remedy: `Correct ${file}, or leave ${option} out.`,
    });
  }
}

/** What was asked for could not be written. @publicApi */
export class OutputFileError extends GuardError {
  constructor(file: string, cause: unknown) {
    super(`${file} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`, {
      subject: file,
      remedy: 'Name a file in a folder that is there and may be written to.',
      cause,
    });
  }
}

/** The command line is wrong. @publicApi */
export class GuardUsageError extends GuardError {
  constructor(problem: string, remedy = 'See `npx nestjs-backfill-guard --help`.') {
    super(problem, { subject: 'arguments', remedy });
  }
}
