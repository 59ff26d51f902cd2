import { BackfillError } from '../../../errors/backfill.error.js';
import { nearest } from '../../../text/nearest.js';
import { quotedList } from '../../../text/quoted-list.js';

/** Two providers declare a backfill with the same name. @publicApi */
export class DuplicateBackfillNameError extends BackfillError {
  constructor(name: string, first: string, second: string) {
    super(
      first === second
        ? `Backfill "${name}": more than one module provides the class ${first}.`
        : `Backfill "${name}" is declared twice: by ${first} and by ${second}.`,
      {
        subject: name,
        remedy:
          first === second
            ? 'Provide it in one module only.'
            : 'The name is the key of the record in the ledger: give one of them another `name`.',
      },
    );
  }
}

/** A name in `formerly` is in use, or two backfills claim it. @publicApi */
export class FormerNameError extends BackfillError {
  constructor(className: string, former: string, use: string) {
    super(`${className} names "${former}" in \`formerly\`, but ${use}.`, {
      subject: former,
      remedy: 'Name only names that this backfill had in an earlier release, and that nothing else has now.',
    });
  }
}

/** A request names a backfill that is not declared. @publicApi */
export class UnknownBackfillError extends BackfillError {
  /** @param renamed the current name of a backfill that had this name before */
  constructor(name: string, declared: readonly string[], renamed?: string) {
    const meant = renamed ?? nearest(name, declared);
    super(`There is no backfill "${name}".`, {
      subject: name,
      remedy:
        declared.length > 0
          ? `${meant ? `Did you mean "${meant}"? ` : ''}The declared backfills are ${quotedList(declared)}.`
          : 'None is declared: provide a class with @Backfill in a module.',
    });
  }
}

/** A class declares a backfill that the module lists in `retired`. @publicApi */
export class RetiredBackfillError extends BackfillError {
  constructor(name: string, className: string) {
    super(`${className} declares the backfill "${name}", which the module lists in \`retired\`.`, {
      subject: name,
      remedy: 'Remove the class, or the name from `retired`.',
    });
  }
}
