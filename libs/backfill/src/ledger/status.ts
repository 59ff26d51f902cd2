/**
 * Where a backfill stands. `incomplete` is stopped with work left and resumes by itself; `failed` needs a person.
 *
 * @publicApi
 */
export const BACKFILL_STATUSES = [
  'pending',
  'running',
  'complete',
  'incomplete',
  'paused',
  'cancelled',
  'failed',
] as const;
/** One of `BACKFILL_STATUSES`. */
export type BackfillStatus = (typeof BACKFILL_STATUSES)[number];

/** The state machine: from → to → why that is right. The ledger refuses every other edge. */
export const STATUS_TRANSITIONS = {
  pending: {
    running: 'The first run took it up.',
    complete: 'Nothing was pending when it was first looked at, which the probe proved.',
    incomplete:
      'The first run stopped before its first batch: somebody kept the table locked, or the database was lost.',
    cancelled: 'A person decided that it shall not run.',
    paused: 'A person holds it back before its first run.',
    failed: 'It could not be prepared, e.g. a statement that PostgreSQL does not accept.',
  },
  running: {
    running: 'Another process, or the next one after a kill, goes on with the ranges that are left.',
    complete: 'Every range is swept and settled, and the probe of the pending predicate found nothing.',
    incomplete:
      'It stopped with work left: a time limit, a shutdown, rows still locked, rows in quarantine, rows that keep arriving.',
    failed: 'A programming error, or more rows in quarantine than allowed: trying again would fail again.',
    paused: 'A person stopped it for now.',
    cancelled: 'A person stopped it for good.',
  },
  incomplete: {
    running: 'The next run goes on where the last one stopped.',
    complete: 'The application itself did the rest, which the probe proved.',
    failed: 'It could not be taken up again.',
    paused: 'A person holds it back.',
    cancelled: 'A person stopped it for good.',
  },
  complete: {
    running: 'The probe found rows that became pending after completion (drift): they are done too.',
  },
  paused: {
    running: 'A person lifted the pause before the run at work had noticed it.',
    incomplete: 'A person lifted the pause; the next run takes it up.',
    cancelled: 'A person stopped it for good.',
  },
  cancelled: {
    pending: 'A person wants it after all.',
  },
  failed: {
    incomplete: 'Nothing but rows in quarantine is left.',
    running: 'A person mended the cause and started it again.',
    complete: 'The cause was mended and nothing was left, which the probe proved.',
    cancelled: 'A person gave it up.',
  },
} as const satisfies Record<BackfillStatus, Partial<Record<BackfillStatus, string>>>;

/** Where a person has put it: from there only a person leads on, never a run. */
export const HELD_STATUSES = ['paused', 'cancelled'] as const satisfies readonly BackfillStatus[];

export function isHeld(status: BackfillStatus): status is (typeof HELD_STATUSES)[number] {
  return (HELD_STATUSES as readonly BackfillStatus[]).includes(status);
}

/** The statuses from which `to` can be reached, by a run or by a person. */
export function sourcesOf(to: BackfillStatus, by: 'run' | 'person'): BackfillStatus[] {
  return BACKFILL_STATUSES.filter(
    (from) => to in STATUS_TRANSITIONS[from] && (by === 'person' || !isHeld(from)),
  );
}
