import { performance } from 'node:perf_hooks';
import type { BatchTime } from '../../../batch/server-clock.js';
import type { TimeShares } from '../../gate/limit.meter.js';

/** Number of batches in which the shortest wait outside of the server is looked up. */
const REMEMBERED_WAITS = 10;

/**
 * Measures batches with the clock of this process, and divides the time of each by where it went: the server,
 * this process, or the network, i.e. the round trip and the COMMIT.
 */
export class BatchStopwatch {
  #startedAt = 0;
  /** Milliseconds for which the event loop of this process was busy until `#startedAt`. */
  #busyAt = 0;
  #isSentAlone = false;
  #waits: number[] = [];

  /** Whether the answers to all batches before the current one had arrived when it was sent. */
  get isSentAlone(): boolean {
    return this.#isSentAlone;
  }

  /**
   * The time in milliseconds in which the server does nothing between two batches that are sent one after the
   * other. It is the least of the last ones, so that a busy process does not count.
   */
  get idleMs(): number {
    return this.#waits.length === 0 ? 0 : Math.min(...this.#waits);
  }

  /** Called when a batch is sent while no other one is in flight. */
  start(): void {
    this.#startedAt = performance.now();
    this.#busyAt = busyMs();
    this.#isSentAlone = true;
  }

  /** Called when a batch has committed. The next batch may already be in flight: it starts now. */
  lap({ serverMs, codeMs }: BatchTime): TimeShares {
    const now = performance.now();
    const busyAt = busyMs();
    const waitedMs = Math.max(0, now - this.#startedAt - serverMs);
    const processMs = Math.min(waitedMs, Math.max(codeMs, busyAt - this.#busyAt));
    if (this.#isSentAlone)
      this.#waits = [...this.#waits, Math.max(0, waitedMs - codeMs)].slice(-REMEMBERED_WAITS);
    this.#startedAt = now;
    this.#busyAt = busyAt;
    this.#isSentAlone = false;
    return { serverMs, processMs, networkMs: waitedMs - processMs };
  }
}

function busyMs(): number {
  return performance.eventLoopUtilization().active;
}
