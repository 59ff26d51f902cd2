import { PAUSE_SHARE, type Pace } from '../declare/pace.js';

/**
 * Estimates how long a run would take at the measured rate, including its pauses.
 *
 * @param rows the number of pending rows
 * @param rowsPerSecond null: nothing was measured
 * @returns milliseconds; null if nothing was measured
 */
export function estimateDuration(
  rows: number,
  rowsPerSecond: number | null,
  { batchSize, pause }: Pick<Pace, 'batchSize' | 'pause'>,
): number | null {
  if (rowsPerSecond === null) return null;
  const workMs = (rows / rowsPerSecond) * 1000;
  const pausesMs = pause === 'auto' ? workMs * PAUSE_SHARE : Math.ceil(rows / batchSize) * pause;
  return Math.round(workMs + pausesMs);
}
