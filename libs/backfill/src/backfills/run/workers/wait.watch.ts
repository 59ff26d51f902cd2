import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { Session } from '../../../postgres/session.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { RunLog } from '../log/run-log.js';

const POLL_INTERVAL_MS = 2_000;
/** A statement without a reply for this long may wait for a lock. */
const LONG_WAIT_MS = 1_500;

/**
 * Reports the lock that a statement waits for while it waits, before its lock timeout: to the observer, and
 * in the ledger for `--status`.
 */
export class WaitWatch {
  readonly #connection: RunConnection;
  readonly #ledger: BackfillLedger;
  readonly #log: RunLog;
  readonly #timer: NodeJS.Timeout;
  #isPolling = false;
  /** The wait that the ledger shows. */
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
    // The end of the wait removes only the text of this watch, not the reason that a throttle has written
    // meanwhile.
    const replaced = waitingFor === null ? this.#reported : null;
    await session.sendOnSideConnection([this.#ledger.status.waiting(waitingFor, replaced)]);
    this.#reported = waitingFor;
  }
}
