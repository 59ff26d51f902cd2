import { BackfillError } from '../errors/backfill.error.js';

/** A generator cannot do what it was asked to do, and has written nothing. */
export class SchematicError extends BackfillError {
  constructor(subject: string, problem: string, remedy: string) {
    super(`${subject}: ${problem}`, { subject, remedy });
  }
}
