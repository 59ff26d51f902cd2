import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { isConnectionError } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import type { ActiveThrottle } from '../../../report/active-throttle.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';
import type { RunLog } from '../log/run-log.js';

/** A wait that continues is reported again after this time, with its current numbers. */
const REPORT_INTERVAL_MS = 30_000;

/** Writes to the log and the ledger which throttles a run waits for, and that it continues. */
export class WaitReporter {
  readonly #ledger: BackfillLedger;
  readonly #log: RunLog;
  readonly #now: MonotonicClock;
  /** The last report: the names of its throttles, empty if the wait had ended, and its time. */
  #reported: { readonly names: string; readonly at: number } | null = null;
  #waitingSince: number | null = null;

  constructor(ledger: BackfillLedger, log: RunLog, now: MonotonicClock) {
    this.#ledger = ledger;
    this.#log = log;
    this.#now = now;
  }

  /** @param active the throttles of the last poll @throws the error of a lost connection */
  async report(session: Session, active: readonly ActiveThrottle[]): Promise<void> {
    const names = active.map(({ name }) => name).join();
    const now = this.#now();
    const reported = this.#reported ?? { names: '', at: 0 };
    if (names === reported.names && (names === '' || now - reported.at < REPORT_INTERVAL_MS)) return;
    this.#reported = { names, at: now };
    if (active.length === 0) this.#reportEnd(now);
    else {
      this.#waitingSince ??= now;
      this.#log.waiting(describeThrottles(active), active);
    }
    await this.write(session, active.length === 0 ? null : describeThrottles(active));
  }

  /** @param waitingFor null: the run does not wait @throws the error of a lost connection */
  async write(session: Session, waitingFor: string | null): Promise<void> {
    try {
      await session.transaction([this.#ledger.status.recordWaitToStart(waitingFor)]);
    } catch (error) {
      if (isConnectionError(error)) throw error;
      // The wait is in the log already. The next change of the wait is written to the ledger again.
    }
  }

  #reportEnd(now: number): void {
    const seconds = Math.round((now - (this.#waitingSince ?? now)) / 1000);
    this.#log.note('log', `Continuing after ${seconds} s.`);
    this.#waitingSince = null;
  }
}

/** Describes the throttles, with the reason and the start time of each. */
export function describeThrottles(active: readonly ActiveThrottle[]): string {
  return active.map(({ name, reason, since }) => `${name}: ${reason}, since ${since}`).join('; ');
}
