import type { LeaseSnapshot } from '../../../ledger/range.js';

/** How many workers are wanted, in this process and over all of them. */
export interface Wanted {
  readonly workers: number;
  readonly most: number;
}

/**
 * The places at work in one process, numbered from 0. One worker at most sits on each, also while those who are to leave have not left yet
 * and others are wanted already.
 */
export class WorkerSlots {
  readonly #taken = new Set<number>();
  /** Who sat there found nothing to take. */
  readonly #idle = new Set<number>();
  /** Who sat there could not go on. */
  readonly #barred = new Set<number>();
  #wanted: Wanted | null = null;
  #roster: LeaseSnapshot | null = null;

  take(seat: number): void {
    this.#taken.add(seat);
  }

  /** @param failed its next worker would most likely fare no better */
  leave(seat: number, failed: boolean): void {
    this.#taken.delete(seat);
    (failed ? this.#barred : this.#idle).add(seat);
  }

  /**
   * Seats to be taken now. One that was left is taken again once other numbers are wanted; or, where its worker had found nothing, once
   * a look has seen a range that nobody holds.
   *
   * @param except ranges that are not wanted
   */
  free(wanted: Wanted, roster: LeaseSnapshot, except: readonly string[]): number[] {
    if (wanted.workers !== this.#wanted?.workers || wanted.most !== this.#wanted.most) {
      this.#idle.clear();
      this.#barred.clear();
    }
    this.#wanted = wanted;
    if (roster !== this.#roster) {
      const ranges = roster.free.filter((id) => !except.includes(id)).length;
      const welcome = Math.max(0, Math.min(ranges, wanted.most - roster.leases.length));
      for (const seat of [...this.#idle].sort((a, b) => a - b).slice(0, welcome)) this.#idle.delete(seat);
    }
    this.#roster = roster;
    return Array.from({ length: wanted.workers }, (_, seat) => seat).filter(
      (seat) => !this.#taken.has(seat) && !this.#idle.has(seat) && !this.#barred.has(seat),
    );
  }
}
