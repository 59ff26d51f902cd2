import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { RunLimit, RunPace } from '../../../ledger/rows/pace.ledger.js';
import { isConnectionError } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { describePace } from '../../../report/pace.format.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';
import type { RunLog } from '../log/run-log.js';

/** The times in the ledger are renewed after this time. */
const REFRESH_MS = 10_000;

/**
 * Reports what limits the run: in the log when it changes, and in the ledger also every few seconds, for
 * `--status`. It is called after each poll, so that no batch needs another statement.
 */
export class LimitReporter {
  readonly #ledger: BackfillLedger;
  readonly #log: RunLog;
  readonly #now: MonotonicClock;
  /** The server limits a run that has no problem, so the log does not mention it at the start. */
  #logged: RunLimit = 'server';
  #recorded: { readonly limitedBy: RunLimit; readonly at: number } | null = null;

  constructor(ledger: BackfillLedger, log: RunLog, now: MonotonicClock) {
    this.#ledger = ledger;
    this.#log = log;
    this.#now = now;
  }

  /** @param pace null: not known yet @throws the error of a lost connection */
  async report(session: Session, pace: RunPace | null): Promise<void> {
    if (pace === null) return;
    // Each throttle has its own line in the log.
    if (pace.limitedBy !== 'throttle' && pace.limitedBy !== this.#logged) {
      this.#logged = pace.limitedBy;
      this.#log.note('log', describePace(pace));
    }
    const now = this.#now();
    const recorded = this.#recorded;
    if (recorded?.limitedBy === pace.limitedBy && now - recorded.at < REFRESH_MS) return;
    this.#recorded = { limitedBy: pace.limitedBy, at: now };
    await this.#record(session, pace);
  }

  async #record(session: Session, pace: RunPace): Promise<void> {
    try {
      await session.transaction([this.#ledger.pace.record(pace)]);
    } catch (error) {
      if (isConnectionError(error)) throw error;
      // It is only information for people. The next report tries again.
      this.#recorded = null;
    }
  }
}
