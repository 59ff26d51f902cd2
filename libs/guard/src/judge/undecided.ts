import type { UndecidedEvent } from '../evaluate/machine/event.types.js';
import { codeOfSite } from './code-of-site.js';
import type { Finding } from './finding.types.js';
import { fingerprintOf } from './fingerprint.js';
import type { JudgeState } from './judge.types.js';
import { type EventPlace, placeInMigration } from './regions.js';
import { stopSentence } from './wording.js';

export interface Stop {
  readonly stop: NonNullable<Finding['stop']>;
  readonly code: string;
  /** The code or sentence for the message; see `stopSentence`. */
  readonly detail: string;
}

/** The finding for code or SQL that the guard cannot decide. */
export function undecided(
  place: EventPlace,
  { direction, file }: Pick<JudgeState, 'direction' | 'file'>,
  { stop, code, detail }: Stop,
): Finding {
  return {
    rule: 'cannot-decide',
    severity: 'MEDIUM',
    reason: 'its effect is unknown',
    direction,
    message: stopSentence(stop, detail),
    statement: code,
    fingerprint: fingerprintOf(`cannot-decide\0${code.replace(/\s+/g, ' ')}`),
    ...placeInMigration(place, file),
    stop,
  };
}

export function judgeUndecided(event: UndecidedEvent, state: JudgeState): Finding {
  return undecided(event, state, {
    stop: event.reason,
    code: codeOfSite(event.site),
    detail: event.expression,
  });
}
