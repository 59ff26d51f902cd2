import { BackfillError } from '../../../errors/backfill.error.js';
import { quotedList } from '../../../text/quoted-list.js';

/** The pending predicate cannot be turned into SQL, or TypeORM would interpret it differently. @publicApi */
export class InvalidPredicateError extends BackfillError {
  constructor(className: string, problem: string, remedy: string, cause?: unknown) {
    super(`${className}: \`where\` ${problem}.`, { subject: className, remedy, cause });
  }
}

/**
 * The change does not affect the pending predicate, so the backfill could never become complete. @publicApi
 */
export class PredicateNotFalsifiedError extends BackfillError {
  constructor(className: string, written: readonly string[], predicate: string) {
    super(
      `${className} writes ${quotedList(written)}, but its pending predicate (${predicate}) reads none of them: the rows would still be pending after the change.`,
      {
        subject: className,
        remedy: 'Write `where` with a column that the change writes, e.g. `{ column: IsNull() }`.',
      },
    );
  }
}
