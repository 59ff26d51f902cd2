import type { RunLimit, RunPace } from '../../../ledger/rows/pace.ledger.js';

/** Where the time of one batch went, in milliseconds. */
export interface TimeShares {
  readonly serverMs: number;
  /** The round trip and the COMMIT. */
  readonly networkMs: number;
  /** The code of the backfill, or other work of this process. */
  readonly processMs: number;
}

/** Older times count less: each reading multiplies them by this factor. */
const DECAY = 0.5;
/** Another cause limits the run only if its share of the time is larger by this. */
const MARGIN = 0.1;

type Sums = Record<RunLimit | 'rows' | 'batches', number>;

/** Adds up where the time of a run goes, over all its workers in this process, and finds what limits it. */
export class LimitMeter {
  #sums: Sums = { server: 0, network: 0, process: 0, pause: 0, throttle: 0, rows: 0, batches: 0 };
  #limit: RunLimit | null = null;

  batch(rows: number, { serverMs, networkMs, processMs }: TimeShares): void {
    this.#sums.server += serverMs;
    this.#sums.network += networkMs;
    this.#sums.process += processMs;
    this.#sums.rows += rows;
    this.#sums.batches++;
  }

  /** @param reason why no batch ran during this time */
  waited(reason: 'pause' | 'throttle', ms: number): void {
    this.#sums[reason] += ms;
  }

  /** What limits the run now. @returns null before the first batch and the first wait */
  read(): RunPace | null {
    const { rows, batches, ...times } = this.#sums;
    const total = Object.values(times).reduce((sum, ms) => sum + ms, 0);
    if (total === 0) return null;
    const [largest] = Object.entries(times).sort(([, a], [, b]) => b - a) as [[RunLimit, number]];
    const current = this.#limit === null ? 0 : times[this.#limit];
    if (largest[1] > current + MARGIN * total) this.#limit = largest[0];
    const perBatch = (ms: number) => (batches === 0 ? null : Math.round((ms / batches) * 10) / 10);
    this.#sums = mapValues(this.#sums, (sum) => sum * DECAY);
    return {
      limitedBy: this.#limit ?? largest[0],
      rowsPerBatch: batches === 0 ? null : Math.round(rows / batches),
      serverMs: perBatch(times.server),
      networkMs: perBatch(times.network),
      processMs: perBatch(times.process),
      pauseMs: perBatch(times.pause),
    };
  }
}

function mapValues(sums: Sums, change: (sum: number) => number): Sums {
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, change(sum)])) as Sums;
}
