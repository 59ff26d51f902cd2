import { PAUSE_SHARE, type Pace } from '../../../declare/pace.js';
import type { BatchHealth } from './batch-limit.js';

/** The automatic pause in milliseconds at the start of a range, and its minimum after an overloaded batch. */
const START_MS = 50;
/** Each healthy batch divides the automatic pause by this factor. */
const DECAY_FACTOR = 1.25;

/**
 * The pause between batches, fixed or automatic. The automatic pause is a share of the duration of the last
 * batch, so that a slow database gets longer pauses than a fast one.
 */
export class BatchPause {
  #fixedMs: number | null;
  #ms: number;

  constructor({ pause }: Pick<Pace, 'pause'>) {
    this.#fixedMs = pause === 'auto' ? null : pause;
    this.#ms = this.#fixedMs ?? START_MS;
  }

  get ms(): number {
    return this.#ms;
  }

  /** @param pause the current setting, which a person may have changed */
  follow(pause: Pace['pause']): void {
    const fixedMs = pause === 'auto' ? null : pause;
    if (fixedMs === this.#fixedMs) return;
    this.#fixedMs = fixedMs;
    this.#ms = fixedMs ?? START_MS;
  }

  /** Adapts the automatic pause to the last batch. @param durationMs the duration of that batch */
  after(durationMs: number, health: BatchHealth): void {
    if (this.#fixedMs !== null) return;
    const minMs = health === 'healthy' ? this.#ms / DECAY_FACTOR : START_MS;
    this.#ms = Math.max(minMs, PAUSE_SHARE * durationMs);
  }
}
