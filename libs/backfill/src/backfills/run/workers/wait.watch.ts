import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { SYNCHRONOUS_STANDBY } from '../../../postgres/session-description.js';
import { COMMIT_LOCALLY } from '../../../postgres/timeout-policy.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { RunLog } from '../log/run-log.js';

const POLL_INTERVAL_MS = 2_000;
/** A statement that has run for this time may wait, e.g. for a lock. */
const LONG_WAIT_MS = 1_500;

/** A connection whose statements may wait. */
export type WatchedConnection = Pick<RunConnection, 'session' | 'waitingFor'>;

export interface WaitWatchOptions {
  /** Returns the connections that the run uses now. */
  connections(): Iterable<WatchedConnection>;
  readonly ledger: BackfillLedger;
  readonly log: RunLog;
}

/**
 * Reports what the statements of a run wait for: a lock, before the lock timeout ends the statement; a synchronous
 * standby that does not confirm a commit; or what the recovery of a worker waits for, e.g. space on the disk. The
 * report goes to the observer, and to the ledger for `--status`.
 */
export class WaitWatch {
  readonly #options: WaitWatchOptions;
  readonly #timer: NodeJS.Timeout;
  #isPolling = false;
  #isStopped = false;
  /** The wait that this watch wrote to the ledger; null if it wrote none. */
  #reported: string | null = null;

  constructor(options: WaitWatchOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#poll(), POLL_INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
  }

  async #poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    try {
      await this.#report();
    } catch {
      // The next poll tries again.
    } finally {
      this.#isPolling = false;
    }
  }

  async #report(): Promise<void> {
    const { ledger, log } = this.#options;
    const connections = [...this.#options.connections()];
    const waits: string[] = [];
    for (const connection of connections) waits.push(...(await waitsOf(connection)));
    const waitingFor = [...new Set(waits)].join('; ') || null;
    if (waitingFor !== null) log.waiting(waitingFor);
    if (waitingFor === this.#reported || this.#isStopped) return;
    // After the wait, this removes only the text of this watch. A throttle may have written its own reason
    // meanwhile.
    const replaced = waitingFor === null ? this.#reported : null;
    const { session } = connections.find((connection) => connection.session !== null) ?? { session: null };
    await session?.sendOnSideConnection([
      // A record of a wait for a standby must not wait for the same standby.
      COMMIT_LOCALLY,
      ledger.status.recordWait(waitingFor, replaced),
    ]);
    this.#reported = waitingFor;
  }
}

/** What the statement on the connection, or the worker that uses it, waits for. */
async function waitsOf({ session, waitingFor }: WatchedConnection): Promise<string[]> {
  const ownWait = waitingFor === null ? [] : [waitingFor];
  if (session === null || session.waitedMs < LONG_WAIT_MS) return ownWait;
  const { holders, isForStandby } = await session.describeWait();
  const lock = holders.length > 0 ? [`a lock, held by ${holders.join('; ')}`] : [];
  return [...ownWait, ...lock, ...(isForStandby ? [SYNCHRONOUS_STANDBY] : [])];
}
