import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { RunLog } from '../log/run-log.js';

/** Milliseconds between two looks. */
const LOOK = 2_000;
/** Milliseconds without a reply after which it is worth asking why. */
const LONG = 1_500;

/**
 * Tells what a statement waits for while it waits, not only when its lock timeout is over: to the observer, and in the ledger for
 * `--status`.
 */
export class WaitWatch {
  readonly #timer: NodeJS.Timeout;

  constructor(connection: RunConnection, ledger: BackfillLedger, log: RunLog) {
    let looking = false;
    let told: string | null = null;
    const look = async () => {
      const { session } = connection;
      if (!session || looking || (session.waitedMs < LONG && told === null)) return;
      looking = true;
      try {
        const holders = session.waitedMs < LONG ? [] : await session.describeBlockers();
        const waitingFor = holders.length > 0 ? `a lock, held by ${holders.join('; ')}` : null;
        if (waitingFor !== null) log.waiting(waitingFor);
        // What a throttle has told meanwhile is not taken back.
        if (waitingFor !== told)
          await session.sendOnSideConnection([
            ledger.status.waiting(waitingFor, waitingFor === null ? told : null),
          ]);
        told = waitingFor;
      } catch {
        // What could not be asked now is asked again at the next look.
      } finally {
        looking = false;
      }
    };
    this.#timer = setInterval(() => void look(), LOOK);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
