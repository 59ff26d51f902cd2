import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { isConnectionError } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import type { ProofProgress } from '../../pending/page-proof.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';
import type { RunLog } from '../log/run-log.js';
import { ProofProgressLog } from './proof-progress.log.js';

/** Writes to the log and the ledger how far the proof of a run is. */
export class ProofReporter {
  readonly #ledger: BackfillLedger;
  readonly #progress: ProofProgressLog;

  constructor(ledger: BackfillLedger, log: RunLog, now?: MonotonicClock) {
    this.#ledger = ledger;
    this.#progress = new ProofProgressLog((message) => log.note('log', message), now);
  }

  /** @throws the error of a lost connection */
  async report(session: Session, progress: ProofProgress): Promise<void> {
    const part = this.#progress.report(progress);
    if (part !== null) await this.#write(session, `the proof that no row is pending: ${part}`);
  }

  /** Removes the progress from the ledger. */
  async ended(session: Session): Promise<void> {
    if (this.#progress.hasReported) await this.#write(session, null);
  }

  async #write(session: Session, text: string | null): Promise<void> {
    try {
      await session.transaction([this.#ledger.status.recordWaitToStart(text)]);
    } catch (error) {
      if (isConnectionError(error)) throw error;
      // The progress is in the log already, and is written to the ledger again.
    }
  }
}
