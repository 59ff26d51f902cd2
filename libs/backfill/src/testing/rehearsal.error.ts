import { BackfillError } from '../errors/backfill.error.js';

/** A rehearsal could not begin, or a property does not hold. @publicApi */
export class RehearsalError extends BackfillError {
  /** @param subject the class of the backfill */
  constructor(subject: string, problem: string, remedy: string) {
    super(`${subject}: ${problem}`, { subject, remedy });
  }
}

/** `testDatabase` found no server, or could not create a database. @publicApi */
export class TestDatabaseError extends BackfillError {
  constructor(problem: string, remedy: string, cause?: unknown) {
    super(`testDatabase(): ${problem}`, { subject: 'testDatabase', remedy, cause });
  }
}
