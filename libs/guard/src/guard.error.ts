/** The properties of a guard error. */
export interface GuardErrorDetails {
  /** The file, option or argument that the error is about. */
  readonly subject: string;
  /** What to do instead. */
  readonly remedy: string;
  readonly cause?: unknown;
}

/**
 * The base class of the guard's errors, which are errors of usage or configuration: exit code 2. The message
 * contains the problem, then the remedy.
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

/**
 * A file or folder of the arguments does not exist.
 *
 * @publicApi
 */
export class PathNotFoundError extends GuardError {
  constructor(path: string) {
    super(`${path} does not exist`, {
      subject: path,
      remedy: 'Name the folder of your migrations, e.g. `npx nestjs-backfill-guard check src/migrations`.',
    });
  }
}

/**
 * The paths contain no migration. A wrong path has the same effect, so this is an error.
 *
 * @publicApi
 */
export class NoMigrationsError extends GuardError {
  constructor(paths: readonly string[]) {
    super(`no migration found in ${paths.join(', ')}`, {
      subject: paths.join(', '),
      remedy:
        'Name the folder of your TypeORM migrations (.ts, .js or .sql). A check of nothing would always pass.',
    });
  }
}

/**
 * A file of migrations cannot be read or parsed.
 *
 * @publicApi
 */
export class UnreadableFileError extends GuardError {
  constructor(
    readonly file: string,
    readonly problem: string,
  ) {
    super(`${file}: ${problem}`, {
      subject: file,
      remedy: 'Correct the file, or leave it out with `--exclude`. A file that cannot be read never passes.',
    });
  }
}

/**
 * The baseline cannot be used.
 *
 * @publicApi
 */
export class BaselineError extends GuardError {
  constructor(file: string, problem: string, remedy: string) {
    super(`${file}: ${problem}`, { subject: file, remedy });
  }
}

/**
 * The value of `--table-sizes` or `--database` cannot be used.
 *
 * @publicApi
 */
export class OptionFileError extends GuardError {
  constructor(option: string, file: string, problem: string) {
    super(`${option} ${file}: ${problem}`, {
      subject: option,
      remedy: `Correct ${file}, or leave ${option} out.`,
    });
  }
}

/** A report or baseline cannot be written. @publicApi */
export class OutputFileError extends GuardError {
  constructor(file: string, cause: unknown) {
    super(`${file} could not be written: ${cause instanceof Error ? cause.message : String(cause)}`, {
      subject: file,
      remedy: 'Name a file in a folder that exists and that you can write to.',
      cause,
    });
  }
}

/**
 * The command line is wrong.
 *
 * @publicApi
 */
export class GuardUsageError extends GuardError {
  constructor(problem: string, remedy = 'See `npx nestjs-backfill-guard --help`.') {
    super(problem, { subject: 'arguments', remedy });
  }
}
