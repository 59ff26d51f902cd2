import { OVERLOAD_FACTOR, PAUSE_SHARE, type Pace } from '../../../declare/pace.js';

/** The automatic rest in milliseconds at the start of a range, and its minimum after an overloaded batch. */
const START_MS = 50;
/**
 * Shorter automatic rests are added up until they are this long, in milliseconds. Between them the next batch is
 * sent before the answer to the last one has arrived: a rest after each batch would cost a round trip and the
 * delay of a timer each time.
 */
const LEAST_REST_MS = 10;
/** Without a pause, the next batch is sent before the answer to the last one has arrived. */
const MIN_IN_FLIGHT = 2;
/** Each healthy batch divides the automatic rest by this factor. */
const DECAY_FACTOR = 1.25;

/** The time of a batch, in milliseconds. */
export interface PacedBatch {
  /** The server's time for it. */
  readonly serverMs: number;
  /** The time between two batches in which the server does nothing even without a pause. */
  readonly idleMs: number;
  /** Whether it was sent before the answer to the batch before it had arrived. @default false */
  readonly wasPipelined?: boolean;
}

/**
 * The pause between batches, fixed or automatic. The automatic pause lets the server rest for a share of its
 * own time, so that a slow database gets longer pauses than a fast one. The server also rests during a round
 * trip, so the pause is shorter by that time.
 */
export class BatchPause {
  readonly #overloadMs: number;
  #fixedMs: number | null;
  /** How long the server should rest for each batch, with `pause: 'auto'`. */
  #restMs = START_MS;
  /** How long the server should rest for the batches since the last pause. */
  #owedMs = 0;
  /** How long the server rests anyway. */
  #idleMs = 0;
  #serverMs = 0;

  constructor({ pause, targetDuration }: Pick<Pace, 'pause' | 'targetDuration'>) {
    this.#fixedMs = pause === 'auto' ? null : pause;
    this.#overloadMs = OVERLOAD_FACTOR * targetDuration;
  }

  /** The pause before the next batch. */
  get ms(): number {
    if (this.#fixedMs !== null) return this.#fixedMs;
    return this.#owedMs >= LEAST_REST_MS ? this.#owedMs : 0;
  }

  /**
   * The number of batches that may be in flight at the same time. With the automatic pause, the server still
   * rests for its share of the time.
   */
  get maxInFlight(): number {
    if (this.ms > 0) return 1;
    if (this.#fixedMs !== null) return this.#inFlightWithoutRest;
    if (!this.#restsAnyway) return this.#isRestNear ? 1 : MIN_IN_FLIGHT;
    const inFlight = (this.#serverMs + this.#idleMs) / (this.#serverMs + this.#restMs);
    return Math.max(1, Math.floor(inFlight));
  }

  /** As many batches as the server executes during a round trip, so that it always has the next one. */
  get #inFlightWithoutRest(): number {
    if (this.#serverMs <= 0) return MIN_IN_FLIGHT;
    return Math.max(MIN_IN_FLIGHT, 1 + Math.ceil(this.#idleMs / this.#serverMs));
  }

  /** Whether the server rests long enough while it waits for the next batch. */
  get #restsAnyway(): boolean {
    return this.#idleMs >= this.#restMs;
  }

  /** Whether the pause comes after the next answer. No further batch may be sent before it. */
  get #isRestNear(): boolean {
    return this.#owedMs + this.#restMs >= LEAST_REST_MS;
  }

  /** @param pause the current setting, which a person may have changed */
  follow(pause: Pace['pause']): void {
    const fixedMs = pause === 'auto' ? null : pause;
    if (fixedMs === this.#fixedMs) return;
    this.#fixedMs = fixedMs;
    this.#restMs = START_MS;
    this.#owedMs = 0;
  }

  /** Adapts the automatic pause to the last batch. */
  after({ serverMs, idleMs, wasPipelined = false }: PacedBatch): void {
    const minMs = serverMs > this.#overloadMs ? START_MS : this.#restMs / DECAY_FACTOR;
    this.#restMs = Math.max(minMs, PAUSE_SHARE * serverMs);
    this.#idleMs = idleMs;
    this.#serverMs = serverMs;
    this.#owedMs = this.#restsAnyway ? 0 : this.#owedMs + this.#restMs - (wasPipelined ? 0 : idleMs);
  }

  /** Called after the pause. @param ms how long it was: a timer is often late */
  rested(ms: number): void {
    this.#owedMs = Math.max(-LEAST_REST_MS, this.#owedMs - ms);
  }
}
