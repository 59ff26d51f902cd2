/**
 * The status of a backfill. An `incomplete` backfill has work left, and the next run resumes it. A `failed`
 * one needs a person.
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
/** One of `BACKFILL_STATUSES`. @publicApi */
export type BackfillStatus = (typeof BACKFILL_STATUSES)[number];

/** The state machine: from → to → the reason for the edge. The ledger refuses every other edge. @publicApi */
export const STATUS_TRANSITIONS = {
  pending: {
    running: 'The first run has started.',
    complete: 'The first probe of the pending predicate found no row.',
    incomplete:
      'The first run stopped before its first batch: the table was locked, or the database was lost.',
    cancelled: 'A person decided that it must not run.',
    paused: 'A person paused it before its first run.',
    failed: 'It could not be prepared, e.g. because PostgreSQL does not accept one of its statements.',
  },
  running: {
    running: 'Another process continues with the ranges that are left, e.g. after a process was killed.',
    complete: 'Every range is swept and settled, and the probe of the pending predicate found no row.',
    incomplete:
      'The run stopped with work left: a time limit, a shutdown, rows still locked, rows in quarantine, rows that keep arriving.',
    failed: 'A programming error, or more rows in quarantine than allowed: another attempt would fail too.',
    paused: 'A person stopped it for now.',
    cancelled: 'A person stopped it for good.',
  },
  incomplete: {
    running: 'The next run continues where the last one stopped.',
    complete: 'The application has changed the remaining rows itself: the probe found no row.',
    failed: 'The next run could not start.',
    paused: 'A person paused it between two runs.',
    cancelled: 'A person stopped it for good.',
  },
  complete: {
    running: 'The probe found rows that became pending after completion (drift). They are changed too.',
  },
  paused: {
    running: 'A person resumed it before the current run noticed the pause.',
    incomplete: 'A person resumed it. The next run continues.',
    cancelled: 'A person stopped it for good.',
  },
  cancelled: {
    pending: 'A person wants it to run after all.',
  },
  failed: {
    incomplete: 'Only rows in quarantine are left.',
    running: 'A person fixed the cause and started it again.',
    complete: 'The cause was fixed, and the probe of the pending predicate found no row.',
    cancelled: 'A person gave it up.',
  },
} as const satisfies Record<BackfillStatus, Partial<Record<BackfillStatus, string>>>;

/** Statuses that a person has set. Only a person can change them, never a run. */
export const HELD_STATUSES = ['paused', 'cancelled'] as const satisfies readonly BackfillStatus[];

export function isHeld(status: BackfillStatus): status is (typeof HELD_STATUSES)[number] {
  return (HELD_STATUSES as readonly BackfillStatus[]).includes(status);
}

/** The statuses from which a run or a person can reach `to`. */
export function sourcesOf(to: BackfillStatus, by: 'run' | 'person'): BackfillStatus[] {
  return BACKFILL_STATUSES.filter(
    (from) => to in STATUS_TRANSITIONS[from] && (by === 'person' || !isHeld(from)),
  );
}
