import { PAUSE_SHARE, type Pace } from '../declare/pace.js';

/**
 * Milliseconds that all pending rows would take at the measured rate, including the pauses.
 *
 * @param rowsPerSecond null: nothing was measured
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
