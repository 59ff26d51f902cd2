import { PAUSE_SHARE, type Pace } from '../../declare/pace.js';

/** Milliseconds of pause that a run starts with, and falls back to. */
const START = 50;
/** How fast it is earned: each batch makes the pause so many times shorter. */
const EASING = 1.25;

/**
 * The pause between batches: as long as it was set, or a share of the work, so that a slow database gets more of a rest than a fast
 * one.
 */
export class BatchPause {
  #fixed: number | null;
  #pause: number;

  constructor({ pause }: Pick<Pace, 'pause'>) {
    this.#fixed = pause === 'auto' ? null : pause;
    this.#pause = this.#fixed ?? START;
  }

  /** Milliseconds before the next batch. */
  get pause(): number {
    return this.#pause;
  }

  /** The pause that is in force, where a person may have set another one. */
  follow(pause: Pace['pause']): void {
    const fixed = pause === 'auto' ? null : pause;
    if (fixed === this.#fixed) return;
    this.#fixed = fixed;
    this.#pause = fixed ?? START;
  }

  /** @param ms how long the batch took @param healthy false: it took far too long */
  after(ms: number, healthy: boolean): void {
    if (this.#fixed !== null) return;
    this.#pause = healthy
      ? Math.max(PAUSE_SHARE * ms, this.#pause / EASING)
      : Math.max(START, PAUSE_SHARE * ms);
  }
}
