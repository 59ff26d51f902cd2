import { formatCount, formatQuantity } from '../../../text/quantity.format.js';
import type { ProofProgress } from '../../pending/page-proof.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';

/** A proof that continues is reported again after this time. */
const REPORT_INTERVAL_MS = 30_000;

/** Writes to a log how far a proof is that takes long. A proof that one statement can do has no progress. */
export class ProofProgressLog {
  readonly #log: (message: string) => void;
  readonly #now: MonotonicClock;
  #reportedAt: number | null = null;

  constructor(log: (message: string) => void, now: MonotonicClock = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  get hasReported(): boolean {
    return this.#reportedAt !== null;
  }

  /** @returns the part that was read, as in `12,000 of 300,000 pages read`; null if it was reported a short time ago */
  report(progress: ProofProgress): string | null {
    const now = this.#now();
    if (this.#reportedAt !== null && now - this.#reportedAt < REPORT_INTERVAL_MS) return null;
    this.#reportedAt = now;
    const part = describe(progress);
    this.#log(`Proving that no row is pending: ${part}.`);
    return part;
  }
}

function describe({ done, total, unit }: ProofProgress): string {
  if (total === null) return `${formatQuantity(done, unit)} read`;
  return `${formatCount(done)} of ${formatQuantity(total, unit)} read`;
}
