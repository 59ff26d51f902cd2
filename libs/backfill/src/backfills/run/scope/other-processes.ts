import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import type { ForeignLease, LeaseScope } from '../../../ledger/range.js';
import type { RunConnection } from '../connection/run-connection.js';
import type { BatchGate } from '../gate/batch.gate.js';
import type { RunLog } from '../log/run-log.js';
import { heldByPerson, type RunOutcome } from '../outcome/run-outcome.js';
import type { StopSignal } from '../stop/stop-signal.js';
import { watchHolder } from '../workers/holder.watch.js';

const POLL_INTERVAL_MS = 500;

export interface OtherProcessesOptions {
  readonly connection: RunConnection;
  readonly ledger: BackfillLedger;
  readonly gate: BatchGate;
  readonly log: RunLog;
  readonly stop: StopSignal;
}

/** The other processes that run the same backfill, as the leases in the ledger show them. */
export class OtherProcesses {
  readonly #options: OtherProcessesOptions;

  constructor(options: OtherProcessesOptions) {
    this.#options = options;
  }

  /** Whether this process was asked to stop. It then does not wait for other processes. */
  get isStopping(): boolean {
    return this.#options.stop.reason !== null;
  }

  /** Whether another process holds a lease that has not expired. */
  async haveLeases(): Promise<boolean> {
    const { gate, ledger } = this.#options;
    const leases = await this.#leases(gate.leaseScope);
    return leases.some(({ owner, expiresInMs }) => owner !== ledger.owner && expiresInMs > 0);
  }

  /** Whether the workers of all processes and all scopes have reached the maximum number of workers. */
  async haveReachedLimit(): Promise<boolean> {
    const leases = await this.#leases('every');
    return (
      leases.filter(({ expiresInMs }) => expiresInMs > 0).length >= this.#options.gate.control.workerLimit
    );
  }

  /**
   * Watches the holder of a lease until it renews the lease, or its lease ends.
   *
   * @param isInterrupted polled; true ends the watch early
   * @returns the holder; null if its ranges are free
   */
  watch(leaseScope: LeaseScope, isInterrupted?: () => Promise<boolean>): Promise<ForeignLease | null> {
    const { connection, ledger, stop } = this.#options;
    return watchHolder({ connection, ledger, leaseScope, stop, isInterrupted });
  }

  /**
   * @returns a function that polls whether a person has paused or cancelled the backfill, or has changed the
   * maximum number of workers since this call
   */
  controlChangeCheck(): () => Promise<boolean> {
    const { connection, gate } = this.#options;
    const { workerLimit } = gate.control;
    return async () => {
      const held = await connection.use((session) => gate.poll(session));
      return held !== null || gate.control.workerLimit !== workerLimit;
    };
  }

  /**
   * Reports that the run waits for other processes, sleeps for one poll interval, then polls the gate.
   *
   * @param holder one of the other processes
   * @returns the outcome if a person has paused or cancelled the backfill; otherwise `try-again`
   */
  async wait(holder: string): Promise<'try-again' | RunOutcome> {
    const { connection, gate, log, stop } = this.#options;
    log.waiting(describeOtherWorkers(holder));
    await stop.sleep(POLL_INTERVAL_MS);
    // The maximum number of workers may have changed in the meantime.
    const held = await connection.use((session) => gate.poll(session));
    return held === null ? 'try-again' : heldByPerson(held);
  }

  #leases(scope: LeaseScope): Promise<ForeignLease[]> {
    const { connection, ledger } = this.#options;
    return connection.use((session) => ledger.leases.foreignLeases(session, scope));
  }
}

/** Describes the wait of a run while other processes hold every remaining range. @param holder one of them */
export function describeOtherWorkers(holder: string): string {
  return `the other workers, e.g. ${holder}`;
}
