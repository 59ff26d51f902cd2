import type { BackfillLedger } from '../../../ledger/backfill.ledger.js';
import { isConnectionError } from '../../../postgres/error-classes.js';
import type { Session } from '../../../postgres/session.js';
import { formatCount, formatQuantity } from '../../../text/quantity.format.js';
import type { ProofProgress } from '../../pending/page-proof.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';
import type { RunLog } from '../log/run-log.js';

/** A proof that continues is reported again after this time. */
const REPORT_INTERVAL_MS = 30_000;

/**
 * Writes to the log and the ledger how far a proof is that takes long. A proof that one statement can do has no
 * progress.
 */
export class ProofReporter {
  readonly #ledger: BackfillLedger;
  readonly #log: RunLog;
  readonly #now: MonotonicClock;
  #reportedAt: number | null = null;

  constructor(ledger: BackfillLedger, log: RunLog, now: MonotonicClock = () => performance.now()) {
    this.#ledger = ledger;
    this.#log = log;
    this.#now = now;
  }

  /** @throws the error of a lost connection */
  async report(session: Session, progress: ProofProgress): Promise<void> {
    const now = this.#now();
    if (this.#reportedAt !== null && now - this.#reportedAt < REPORT_INTERVAL_MS) return;
    this.#reportedAt = now;
    const part = describe(progress);
    this.#log.note('log', `Proving that no row is pending: ${part}.`);
    await this.#write(session, `the proof that no row is pending: ${part}`);
  }

  /** Removes the progress from the ledger. */
  async ended(session: Session): Promise<void> {
    if (this.#reportedAt !== null) await this.#write(session, null);
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

/** `12,000 of 300,000 pages read` */
function describe({ done, total, unit }: ProofProgress): string {
  if (total === null) return `${formatQuantity(done, unit)} read`;
  return `${formatCount(done)} of ${formatQuantity(total, unit)} read`;
}
