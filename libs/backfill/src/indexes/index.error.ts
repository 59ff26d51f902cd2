import { BackfillError } from '../errors/backfill.error.js';

/** Two classes declare an index with the same name. @publicApi */
export class DuplicateIndexNameError extends BackfillError {
  constructor(name: string, first: string, second: string) {
    super(`${first} and ${second} both declare the index "${name}".`, {
      subject: second,
      remedy: 'Rename one of them.',
    });
  }
}

/** The declaration does not match its entity or its table. @publicApi */
export class IndexDeclarationError extends BackfillError {
  constructor(className: string, problem: string, remedy: string, cause?: unknown) {
    super(`${className}: ${problem}`, { subject: className, remedy, ...(cause !== undefined && { cause }) });
  }
}

/** The index could not be built. @publicApi */
export class IndexBuildError extends BackfillError {
  constructor(name: string, problem: string, remedy: string, cause?: unknown) {
    super(`The index "${name}" was not built: ${problem}`, {
      subject: name,
      remedy,
      ...(cause !== undefined && { cause }),
    });
  }
}
