import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { Session } from '../../../postgres/session.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { RunLog } from '../log/run-log.js';

const POLL_INTERVAL_MS = 2_000;
/** A statement that has run for this time may wait for a lock. */
const LONG_WAIT_MS = 1_500;

/**
 * Reports the lock that a running statement waits for, before the lock timeout ends the statement. The report
 * goes to the observer, and to the ledger for `--status`.
 */
export class WaitWatch {
  readonly #connection: RunConnection;
  readonly #ledger: BackfillLedger;
  readonly #log: RunLog;
  readonly #timer: NodeJS.Timeout;
  #isPolling = false;
  /** The wait that this watch wrote to the ledger; null if it wrote none. */
  #reported: string | null = null;

  constructor(connection: RunConnection, ledger: BackfillLedger, log: RunLog) {
    this.#connection = connection;
    this.#ledger = ledger;
    this.#log = log;
    this.#timer = setInterval(() => void this.#poll(), POLL_INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #poll(): Promise<void> {
    const { session } = this.#connection;
    if (!session || this.#isPolling) return;
    const isWaiting = session.waitedMs >= LONG_WAIT_MS;
    if (!isWaiting && this.#reported === null) return;
    this.#isPolling = true;
    try {
      await this.#report(session, isWaiting ? await session.describeBlockers() : []);
    } catch {
      // The next poll tries again.
    } finally {
      this.#isPolling = false;
    }
  }

  async #report(session: Session, holders: readonly string[]): Promise<void> {
    const waitingFor = holders.length > 0 ? `a lock, held by ${holders.join('; ')}` : null;
    if (waitingFor !== null) this.#log.waiting(waitingFor);
    if (waitingFor === this.#reported) return;
    // After the wait, this removes only the text of this watch. A throttle may have written its own reason
    // meanwhile.
    const replaced = waitingFor === null ? this.#reported : null;
    await session.sendOnSideConnection([this.#ledger.status.recordWait(waitingFor, replaced)]);
    this.#reported = waitingFor;
  }
}
