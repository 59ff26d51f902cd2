import { BackfillError } from '../../errors/backfill.error.js';
import { nearest } from '../../text/nearest.js';
import { quotedList } from '../../text/quoted-list.js';

const MAX_SHOWN_NAMES = 10;

/** The records of a backfill that is still declared, or still runs, cannot be removed. @publicApi */
export class RecordsInUseError extends BackfillError {
  constructor(name: string, use: string, remedy: string) {
    super(`The records of "${name}" were not removed: ${use}.`, { subject: name, remedy });
  }
}

/** The ledgers have no record of this name. @publicApi */
export class NoRecordsError extends BackfillError {
  constructor(name: string, undeclared: readonly string[]) {
    const meant = nearest(name, undeclared);
    const shown = undeclared.slice(0, MAX_SHOWN_NAMES);
    const hidden = undeclared.length - shown.length;
    super(`The ledger has no record of "${name}".`, {
      subject: name,
      remedy:
        undeclared.length === 0
          ? 'It has no record of any backfill that is not declared.'
          : `${meant ? `Did you mean "${meant}"? ` : ''}It has records of ${quotedList(shown)}${hidden > 0 ? ` and ${hidden} more` : ''}, which are not declared.`,
    });
  }
}

/** The retention is not a duration, or too short. @publicApi */
export class RetentionError extends BackfillError {
  constructor(given: unknown) {
    super(`Records cannot be kept for ${JSON.stringify(given)}.`, {
      subject: 'keepMs',
      remedy: 'Give at least a day, in milliseconds: what a run of today has recorded is still in use.',
    });
  }
}
