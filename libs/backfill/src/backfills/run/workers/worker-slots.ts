import type { LeaseSnapshot } from '../../../ledger/range.js';

export interface WorkerTarget {
  /** In this process. */
  readonly workers: number;
  /** Over all processes. */
  readonly maxWorkers: number;
}

/**
 * The places of workers in one process, numbered from 0. A slot holds at most one worker. A worker that was
 * dismissed keeps its slot until it has left, even if the target grows again meanwhile.
 */
export class WorkerSlots {
  readonly #taken = new Set<number>();
  /** Slots whose last worker found no range to take. */
  readonly #idle = new Set<number>();
  /** Slots whose last worker failed. */
  readonly #failed = new Set<number>();
  #target: WorkerTarget | null = null;
  #snapshot: LeaseSnapshot | null = null;

  take(slot: number): void {
    this.#taken.add(slot);
  }

  /** @param result `failed`: another worker in this slot would most likely fail too */
  leave(slot: number, result: 'idle' | 'failed'): void {
    this.#taken.delete(slot);
    (result === 'failed' ? this.#failed : this.#idle).add(slot);
  }

  /**
   * The slots to start a worker in. A slot that was left is used again when the target changes. An idle slot
   * is also used again when a new snapshot shows a free range.
   *
   * @param except ranges that count as taken, by their ids
   */
  free(target: WorkerTarget, snapshot: LeaseSnapshot, except: readonly string[]): number[] {
    if (target.workers !== this.#target?.workers || target.maxWorkers !== this.#target.maxWorkers) {
      this.#idle.clear();
      this.#failed.clear();
    }
    this.#target = target;
    if (snapshot !== this.#snapshot) this.#wakeIdle(target, snapshot, except);
    this.#snapshot = snapshot;
    return Array.from({ length: target.workers }, (_, slot) => slot).filter(
      (slot) => !this.#taken.has(slot) && !this.#idle.has(slot) && !this.#failed.has(slot),
    );
  }

  /** Frees as many idle slots as there are free ranges, within the maximum over all processes. */
  #wakeIdle({ maxWorkers }: WorkerTarget, snapshot: LeaseSnapshot, except: readonly string[]): void {
    const ranges = snapshot.free.filter((id) => !except.includes(id)).length;
    const count = Math.max(0, Math.min(ranges, maxWorkers - snapshot.leases.length));
    const lowest = [...this.#idle].sort((a, b) => a - b).slice(0, count);
    for (const slot of lowest) this.#idle.delete(slot);
  }
}
