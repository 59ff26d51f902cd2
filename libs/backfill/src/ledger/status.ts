/**
 * The statuses of a backfill. An `incomplete` backfill has pending rows, and the next run resumes it. A
 * `failed` backfill has an error that a person must fix.
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

/**
 * The state machine of a backfill: from → to → the reason for the edge. The ledger refuses every other
 * transition with an `IllegalTransitionError`.
 *
 * @publicApi
 */
export const STATUS_TRANSITIONS = {
  pending: {
    running: 'The first run has started.',
    complete: 'The first probe of the pending predicate found no row.',
    incomplete:
      'The first run stopped before its first batch: the table was locked, or the connection was lost.',
    cancelled: 'A person cancelled it before its first run.',
    paused: 'A person paused it before its first run.',
    failed: 'The first run could not start, e.g. because PostgreSQL rejects one of its statements.',
  },
  running: {
    running: 'Another process continues with the remaining ranges, e.g. after a process was killed.',
    complete: 'Every range is swept and settled, and the probe of the pending predicate found no row.',
    incomplete:
      'The run stopped before the backfill was complete: a time limit, a shutdown, locked rows, rows in quarantine, or rows that keep becoming pending.',
    failed: 'A programming error, or more rows in quarantine than allowed: another attempt would fail too.',
    paused: 'A person paused it during a run.',
    cancelled: 'A person cancelled it.',
  },
  incomplete: {
    running: 'The next run continues where the last one stopped.',
    complete:
      'The application has changed the remaining rows, and the probe of the pending predicate found no row.',
    failed: 'The next run could not start.',
    paused: 'A person paused it between two runs.',
    cancelled: 'A person cancelled it.',
  },
  complete: {
    running: 'The probe found rows that became pending after completion (drift). A run changes them.',
  },
  paused: {
    running: 'A person resumed it before the current run noticed the pause.',
    incomplete: 'A person resumed it. The next run continues.',
    cancelled: 'A person cancelled it.',
  },
  cancelled: {
    pending: 'A person resumed it. It may run again.',
  },
  failed: {
    incomplete: 'The probe of the pending predicate found no row except those in quarantine.',
    running: 'A person fixed the cause and started it again.',
    complete: 'The cause was fixed, and the probe of the pending predicate found no row.',
    cancelled: 'A person cancelled it instead of fixing the cause.',
  },
} as const satisfies Record<BackfillStatus, Partial<Record<BackfillStatus, string>>>;

/** The statuses that only a person sets and changes. A run never changes them. */
export const HELD_STATUSES = ['paused', 'cancelled'] as const satisfies readonly BackfillStatus[];

export function isHeld(status: BackfillStatus): status is (typeof HELD_STATUSES)[number] {
  return (HELD_STATUSES as readonly BackfillStatus[]).includes(status);
}

/** The statuses that a run or a person may change to `to`. A person may use every edge. */
export function sourcesOf(to: BackfillStatus, by: 'run' | 'person'): BackfillStatus[] {
  return BACKFILL_STATUSES.filter(
    (from) => to in STATUS_TRANSITIONS[from] && (by === 'person' || !isHeld(from)),
  );
}
