import { BackfillError } from '../../../errors/backfill.error.js';
import { BACKFILL_KINDS, type BackfillKind } from '../../../report/backfill-kind.js';

const METHODS = BACKFILL_KINDS.filter((kind) => kind !== 'purge').join('(), ');

/** The class has no method that changes rows, or more than one. @publicApi */
export class UnclearBackfillKindError extends BackfillError {
  constructor(className: string, found: readonly BackfillKind[]) {
    super(
      found.length === 0
        ? `${className} has no kind: it has none of the methods set, transform, copy and process.`
        : `${className} has more than one kind: ${found.join(' and ')}.`,
      {
        subject: className,
        remedy: `Implement exactly one of ${METHODS}(); or, to delete the pending rows, none of them and \`kind: 'purge'\`.`,
      },
    );
  }
}
