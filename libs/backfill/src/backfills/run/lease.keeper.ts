import type { Ledger } from '../../ledger/ledger.js';
import type { LeasedRange } from '../../ledger/range.js';
import { Session } from '../../sql/session.js';
import type { DataSource } from 'typeorm';

/**
 * Gives signs of life while a batch takes long (a slow trigger, code that computes): batches renew the lease themselves, but
 * only when they commit.
 */
export class LeaseKeeper {
  readonly #timer: NodeJS.Timeout;

  constructor(dataSource: DataSource, ledger: Ledger, range: () => LeasedRange) {
    let busy = false;
    const beat = async () => {
      if (busy) return;
      busy = true;
      // A connection of its own, since the worker's is busy with the batch.
      const session = await Session.open(dataSource).catch(() => null);
      try {
        if (session) await ledger.heartbeat(session, range());
      } catch {
        // A sign that did not get through is made up for by the next one, or the lease expires, as it should.
      } finally {
        await session?.close();
        busy = false;
      }
    };
    this.#timer = setInterval(() => void beat(), ledger.leaseMs / 3);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
