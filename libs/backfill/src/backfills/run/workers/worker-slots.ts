import type { LeaseSnapshot } from '../../../ledger/range.js';

export interface WorkerTarget {
  /** The number of workers in this process. */
  readonly workers: number;
  /** The maximum number of workers in all processes together. */
  readonly maxWorkers: number;
}

/**
 * The slots of the workers in one process, numbered from 0. A slot has at most one worker. If the target
 * shrinks, a dismissed worker keeps its slot until it has ended, even if the target grows again meanwhile.
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

  /** @param result `idle`: the worker found no range to take */
  leave(slot: number, result: 'idle' | 'failed'): void {
    this.#taken.delete(slot);
    (result === 'failed' ? this.#failed : this.#idle).add(slot);
  }

  /**
   * The slots in which a worker can start. An idle or failed slot becomes free when the target changes. An
   * idle slot also becomes free when a new snapshot shows a free range.
   *
   * @param except ids of ranges that do not count as free
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

  /** Frees one idle slot for each free range, up to the maximum number of workers in all processes. */
  #wakeIdle({ maxWorkers }: WorkerTarget, snapshot: LeaseSnapshot, except: readonly string[]): void {
    const ranges = snapshot.free.filter((id) => !except.includes(id)).length;
    const count = Math.max(0, Math.min(ranges, maxWorkers - snapshot.leases.length));
    const lowest = [...this.#idle].sort((a, b) => a - b).slice(0, count);
    for (const slot of lowest) this.#idle.delete(slot);
  }
}
