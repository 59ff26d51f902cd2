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

/** The other processes that work on the same backfill, as seen in the ledger. */
export class OtherProcesses {
  readonly #options: OtherProcessesOptions;

  constructor(options: OtherProcessesOptions) {
    this.#options = options;
  }

  /** This process has been asked to stop: it waits for nobody. */
  get isStopping(): boolean {
    return this.#options.stop.reason !== null;
  }

  /** Whether another process holds a range now. */
  async areAtWork(): Promise<boolean> {
    const { gate, ledger } = this.#options;
    const leases = await this.#leases(gate.among);
    return leases.some(({ owner, expiresInMs }) => owner !== ledger.owner && expiresInMs > 0);
  }

  /** Whether the maximum number of workers is reached, over all scopes of the backfill. */
  async areAtTheLimit(): Promise<boolean> {
    const leases = await this.#leases('every');
    return (
      leases.filter(({ expiresInMs }) => expiresInMs > 0).length >= this.#options.gate.control.workerLimit
    );
  }

  /**
   * Watches the holder of a lease until it is known to be alive or dead.
   *
   * @param isInterrupted ends the watch early; called repeatedly
   * @returns the holder; null if its ranges are free
   */
  watch(among: LeaseScope, isInterrupted?: () => Promise<boolean>): Promise<ForeignLease | null> {
    const { connection, ledger, stop } = this.#options;
    return watchHolder({ connection, ledger, among, stop, isInterrupted });
  }

  /** @returns a condition: a person holds the backfill, or has changed the maximum number of workers */
  ordersChange(): () => Promise<boolean> {
    const { connection, gate } = this.#options;
    const { workerLimit } = gate.control;
    return async () => {
      const held = await connection.use((session) => gate.poll(session));
      return held !== null || gate.control.workerLimit !== workerLimit;
    };
  }

  /**
   * Waits a moment for the other processes.
   *
   * @param holder one of them
   * @returns the outcome if a person ends the wait
   */
  async wait(holder: string): Promise<'try-again' | RunOutcome> {
    const { connection, gate, log, stop } = this.#options;
    log.waiting(describeOthers(holder));
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

/** What a run waits for when other processes hold the rest. @param holder one of them */
export function describeOthers(holder: string): string {
  return `the other workers, e.g. ${holder}`;
}
