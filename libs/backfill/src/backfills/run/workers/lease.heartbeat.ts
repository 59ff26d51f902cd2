import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { LeasedRange } from '../../../ledger/range.js';
import type { RunConnection } from '../connection/run-connection.js';

/**
 * Gives signs of life while a batch takes long (a slow trigger, code that computes): batches renew the lease themselves, but
 * only when they commit.
 */
export class LeaseHeartbeat {
  readonly #timer: NodeJS.Timeout;

  constructor(connection: RunConnection, ledger: BackfillLedger, range: () => LeasedRange) {
    let busy = false;
    const beat = async () => {
      if (busy) return;
      busy = true;
      // Aside, since the worker's connection is busy with the batch. A sign that did not get through is made up for by the
      // next one, or the lease runs out, as it should.
      await connection.session
        ?.sendOnSideConnection([ledger.leases.heartbeat(range())])
        .catch(() => undefined);
      busy = false;
    };
    this.#timer = setInterval(() => void beat(), ledger.leaseMs / 3);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
