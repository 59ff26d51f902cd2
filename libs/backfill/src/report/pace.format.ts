import type { RunLimit, RunPace } from '../ledger/rows/pace.ledger.js';
import { formatQuantity } from '../text/quantity.format.js';

const LIMITS = {
  server: 'the server',
  network: 'the network',
  process: "the run's process",
  pause: 'the pause between batches',
  throttle: 'a throttle',
} as const satisfies Record<RunLimit, string>;

/** E.g. `Limited by the network. A batch of 2,000 rows takes 9 ms in the server, …`. */
export function describePace({ limitedBy, rowsPerBatch, ...times }: RunPace): string {
  const limit = `Limited by ${LIMITS[limitedBy]}.`;
  if (rowsPerBatch === null) return limit;
  const { serverMs, networkMs, processMs, pauseMs } = times;
  return `${limit} A batch of ${formatQuantity(rowsPerBatch, 'row')} takes ${serverMs} ms in the server, ${networkMs} ms in the network, ${processMs} ms in the process and ${pauseMs} ms of pause.`;
}
