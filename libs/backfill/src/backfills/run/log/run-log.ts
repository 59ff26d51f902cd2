import type { Key } from '../../../ledger/range.js';
import type { BatchOutcome } from '../../batch/batch.js';
import type { BackfillObserver, BackfillProgress } from '../../report/observer.js';
import { ignoreObserverErrors } from '../../report/observer.wrapper.js';
import type { ActiveThrottle } from '../../throttle/throttle.js';
import { describeFailure } from '../outcome/failure.js';
import type { Count } from '../../pending/pending.counter.js';

/** Rows in quarantine that are named one by one. */
const NAMED_ROWS = 10;

export interface RunLogOptions {
  /** Of the backfill. */
  readonly name: string;
  /** Batches per progress line. */
  readonly progressEvery: number;
  readonly observer: BackfillObserver;
}

/** Counts what a run does, and reports it to the observer. */
export class RunLog {
  readonly #name: string;
  readonly #progressEvery: number;
  readonly #observer: BackfillObserver;
  readonly #startedAt = performance.now();
  #total: Count | null = null;
  #updated = 0;
  #batches = 0;
  #waitingFor: string | null = null;
  #quarantined = 0;

  constructor({ name, progressEvery, observer }: RunLogOptions) {
    this.#name = name;
    this.#progressEvery = progressEvery;
    this.#observer = ignoreObserverErrors(observer);
  }

  get updated(): number {
    return this.#updated;
  }

  get batches(): number {
    return this.#batches;
  }

  /** From 1. */
  get nextBatch(): number {
    return this.#batches + 1;
  }

  get durationMs(): number {
    return Math.round(performance.now() - this.#startedAt);
  }

  get rowsPerSecond(): number {
    const seconds = (performance.now() - this.#startedAt) / 1000;
    return seconds > 0 ? Math.round(this.#updated / seconds) : 0;
  }

  started(version: number, reason: string, total: Count | null): void {
    this.#total = total;
    this.#observer.started?.({
      name: this.#name,
      version,
      reason,
      total: total?.rows ?? null,
      totalIsEstimate: total?.isEstimate ?? false,
    });
  }

  batch({ changed, tenant }: BatchOutcome, cursor: Key | null): void {
    this.#batches++;
    this.#updated += changed;
    this.#waitingFor = null;
    this.#observer.progressed?.({
      ...this.#progress(tenant, cursor),
      line: this.#batches % this.#progressEvery === 0,
    });
  }

  /** Told once for as long as the reason stays the same. */
  waiting(waitingFor: string, throttles?: readonly ActiveThrottle[]): void {
    const gist = waitingFor.replace(/\d+ s\b/g, '');
    if (gist === this.#waitingFor) return;
    this.#waitingFor = gist;
    this.#observer.waiting?.({ name: this.#name, waitingFor, ...(throttles ? { throttles } : {}) });
  }

  note(level: 'log' | 'warn', message: string): void {
    this.#observer.noted?.({ name: this.#name, level, message });
  }

  /** The first rows by name, then how many they are by now: a log of a thousand alike lines hides all others. */
  quarantined(row: string, error: unknown): void {
    const count = ++this.#quarantined;
    const { error: why } = describeFailure(error);
    if (count <= NAMED_ROWS) this.note('warn', `Row ${row} is in quarantine: ${why}`);
    if (count === NAMED_ROWS)
      this.note('warn', 'Further rows in quarantine are counted here; `--status` shows errors.');
    else if (count > NAMED_ROWS && isRound(count))
      this.note('warn', `This run has put ${count} rows in quarantine by now, the last one for: ${why}`);
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
