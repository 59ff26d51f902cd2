import { OVERLOAD_FACTOR, PAUSE_SHARE, type Pace } from '../../../declare/pace.js';

/** The automatic pause in milliseconds at the start of a range, and its minimum after an overloaded batch. */
const START_MS = 50;
/** Without a pause, the next batch is sent before the answer to the last one has arrived. */
const MIN_IN_FLIGHT = 2;
/** Each healthy batch divides the automatic pause by this factor. */
const DECAY_FACTOR = 1.25;

/**
 * The pause between batches, fixed or automatic. The automatic pause lets the server rest for a share of its
 * own time for the last batch, so that a slow database gets longer pauses than a fast one. The server also
 * rests during a round trip, so the pause is shorter by that time.
 */
export class BatchPause {
  readonly #overloadMs: number;
  #fixedMs: number | null;
  /** How long the server should rest, with `pause: 'auto'`. */
  #restMs = START_MS;
  /** How long the server rests anyway. */
  #idleMs = 0;
  #serverMs = 0;

  constructor({ pause, targetDuration }: Pick<Pace, 'pause' | 'targetDuration'>) {
    this.#fixedMs = pause === 'auto' ? null : pause;
    this.#overloadMs = OVERLOAD_FACTOR * targetDuration;
  }

  get ms(): number {
    return this.#fixedMs ?? Math.max(0, this.#restMs - this.#idleMs);
  }

  /**
   * The number of batches that may be in flight at the same time. With the automatic pause, the server still
   * rests for its share of the time.
   */
  get maxInFlight(): number {
    if (this.ms > 0) return 1;
    if (this.#fixedMs !== null) return this.#inFlightWithoutRest;
    const inFlight = (this.#serverMs + this.#idleMs) / (this.#serverMs + this.#restMs);
    return Math.max(1, Math.floor(inFlight));
  }

  /** As many batches as the server executes during a round trip, so that it always has the next one. */
  get #inFlightWithoutRest(): number {
    if (this.#serverMs <= 0) return MIN_IN_FLIGHT;
    return Math.max(MIN_IN_FLIGHT, 1 + Math.ceil(this.#idleMs / this.#serverMs));
  }

  /** @param pause the current setting, which a person may have changed */
  follow(pause: Pace['pause']): void {
    const fixedMs = pause === 'auto' ? null : pause;
    if (fixedMs === this.#fixedMs) return;
    this.#fixedMs = fixedMs;
    this.#restMs = START_MS;
  }

  /**
   * Adapts the automatic pause to the last batch.
   *
   * @param serverMs the server's time for it
   * @param idleMs the time between two batches in which the server does nothing even without a pause
   */
  after(serverMs: number, idleMs: number): void {
    const minMs = serverMs > this.#overloadMs ? START_MS : this.#restMs / DECAY_FACTOR;
    this.#restMs = Math.max(minMs, PAUSE_SHARE * serverMs);
    this.#idleMs = idleMs;
    this.#serverMs = serverMs;
  }
}
