import type { Key, LeasedRange } from '../../../ledger/range.js';
import type { BatchOutcome } from '../../batch/batch.js';
import type { BackfillObserver, BackfillProgress } from '../../../report/observer.js';
import { ignoreObserverErrors } from '../../../report/observer.wrapper.js';
import type { ActiveThrottle } from '../../../report/active-throttle.js';
import { describeFailure } from '../outcome/failure.js';
import type { Count } from '../../pending/pending.counter.js';
import type { MonotonicClock } from '../../throttle/throttle.reading.js';

/** After this time without a line, the next batch has one, and so has a search for the next pending row. */
const MAX_QUIET_MS = 30_000;
/** Maximum number of quarantined rows that are logged one by one. Further rows are only counted. */
const MAX_NAMED_ROWS = 10;

export interface RunLogOptions {
  /** The name of the backfill. */
  readonly name: string;
  /** Number of batches between two progress lines. */
  readonly progressEvery: number;
  readonly observer: BackfillObserver;
  /** @default performance.now */
  readonly now?: MonotonicClock;
}

/** Counts the changed rows and the batches of a run, and reports its progress to the observer. */
export class RunLog {
  readonly #name: string;
  readonly #progressEvery: number;
  readonly #observer: Required<BackfillObserver>;
  readonly #now: MonotonicClock;
  readonly #startedAt: number;
  /** When the log had its last line about the progress. */
  #lineAt: number;
  #total: Count | null = null;
  #updated = 0;
  #batches = 0;
  /** The last wait that was reported, without its durations; null after a batch. */
  #reportedWait: string | null = null;
  #quarantined = 0;
  #proofMs: number | null = null;

  constructor({ name, progressEvery, observer, now = () => performance.now() }: RunLogOptions) {
    this.#name = name;
    this.#progressEvery = progressEvery;
    this.#now = now;
    this.#startedAt = this.#lineAt = now();
    this.#observer = ignoreObserverErrors(observer);
  }

  get updated(): number {
    return this.#updated;
  }

  get batches(): number {
    return this.#batches;
  }

  /** The number of the next batch, from 1. */
  get nextBatch(): number {
    return this.#batches + 1;
  }

  get durationMs(): number {
    return Math.round(this.#now() - this.#startedAt);
  }

  /** Milliseconds that the probes for a pending row took; null if there was none. */
  get proofMs(): number | null {
    return this.#proofMs === null ? null : Math.round(this.#proofMs);
  }

  get rowsPerSecond(): number {
    const seconds = (this.#now() - this.#startedAt) / 1000;
    return seconds > 0 ? Math.round(this.#updated / seconds) : 0;
  }

  started(version: number, reason: string, total: Count | null): void {
    this.#total = total;
    this.#observer.started({
      name: this.#name,
      version,
      reason,
      total: total?.rows ?? null,
      totalIsEstimate: total?.isEstimate ?? false,
    });
  }

  probed(ms: number): void {
    this.#proofMs = (this.#proofMs ?? 0) + ms;
  }

  /** @param range where it was, and the cursor after it */
  batch({ changed, tenant, time }: BatchOutcome, { id, cursor }: Pick<LeasedRange, 'id' | 'cursor'>): void {
    this.#batches++;
    this.#updated += changed;
    this.#reportedWait = null;
    const line = this.#batches % this.#progressEvery === 0 || this.#isQuiet;
    if (line) this.#lineAt = this.#now();
    this.#observer.progressed({
      ...this.#progress(tenant, cursor),
      range: id,
      batchMs: time.serverMs,
      line,
    });
  }

  /** Reports where a sweep is that finds no pending row for a long time. */
  searching(position: string): void {
    if (!this.#isQuiet) return;
    this.#lineAt = this.#now();
    this.note('log', `Searching for the next pending row, at ${position}.`);
  }

  get #isQuiet(): boolean {
    return this.#now() - this.#lineAt >= MAX_QUIET_MS;
  }

  /** Counts rows of a committed batch whose reply was lost. It counts as one batch. */
  rowsFound(changed: number): void {
    if (changed <= 0) return;
    this.#updated += changed;
    this.#batches++;
  }

  /**
   * Reports why the run waits. A reason that differs from the previous one only in its durations is not
   * reported again.
   */
  waiting(waitingFor: string, throttles?: readonly ActiveThrottle[]): void {
    const withoutDurations = waitingFor.replace(/\d+ s\b/g, '');
    if (withoutDurations === this.#reportedWait) return;
    this.#reportedWait = withoutDurations;
    this.#observer.waiting({ ...this.#subject, waitingFor, ...(throttles ? { throttles } : {}) });
  }

  note(level: 'log' | 'warn', message: string): void {
    this.#observer.noted({ ...this.#subject, level, message });
  }

  /** Logs the first rows one by one, then only their number, so that the log stays readable. */
  quarantined(row: string, error: unknown): void {
    const count = ++this.#quarantined;
    const { error: message } = describeFailure(error);
    this.#observer.quarantined({ ...this.#subject, key: row, error: message });
    if (count <= MAX_NAMED_ROWS) this.note('warn', `Row ${row} is in quarantine: ${message}`);
    if (count === MAX_NAMED_ROWS)
      this.note('warn', 'Further rows in quarantine are only counted here; `--status` shows their errors.');
    else if (count > MAX_NAMED_ROWS && isRound(count))
      this.note('warn', `This run has put ${count} rows in quarantine so far. The last error: ${message}`);
  }

  rangeTaken({ id, purpose }: Pick<LeasedRange, 'id' | 'purpose'>): void {
    this.#observer.ranged({ name: this.#name, range: id, purpose, state: 'taken', outcome: null });
  }

  rangeLeft({ id, purpose }: Pick<LeasedRange, 'id' | 'purpose'>, outcome: string): void {
    this.#observer.ranged({ name: this.#name, range: id, purpose, state: 'left', outcome });
  }

  /** The backfill, and the batch that is next. */
  get #subject(): { readonly name: string; readonly batch: number } {
    return { name: this.#name, batch: this.nextBatch };
  }

  #progress(tenant: string | null, cursor: Key | null): BackfillProgress {
    const total = this.#total?.rows ?? null;
    const isEstimate = this.#total?.isEstimate ?? false;
    const fraction =
      total === null || total === 0 ? null : Math.min(this.#updated / total, isEstimate ? 0.99 : 1);
    const { rowsPerSecond } = this;
    return {
      name: this.#name,
      updated: this.#updated,
      batches: this.#batches,
      rowsPerSecond,
      total,
      totalIsEstimate: isEstimate,
      fraction,
      remainingMs:
        total === null || rowsPerSecond === 0
          ? null
          : Math.round((Math.max(0, total - this.#updated) / rowsPerSecond) * 1000),
      tenant,
      cursor,
    };
  }
}

/** 20, 50, 100, 200, 500 and so on. */
function isRound(count: number): boolean {
  const unit = 10 ** Math.floor(Math.log10(count));
  return [1, 2, 5].some((times) => count === times * unit);
}
