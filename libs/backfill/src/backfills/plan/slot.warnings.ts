import { nullable, text } from '../../postgres/decoders.js';
import { Parameters } from '../../postgres/parameters.js';
import type { Session } from '../../postgres/session.js';
import type { RunPrediction } from '../../report/run-prediction.js';
import { formatBytes } from '../../text/bytes.format.js';
import { describeSlot, slotProblem, slotsOf, slotsQuery } from '../throttle/server/replication-slot.js';
import type { ThrottleLimits } from '../throttle/throttle.limits.js';

/**
 * The replication slots that would hold the run, or would keep what it writes.
 *
 * @param prediction of the WAL that the run writes; null if not known
 */
export async function slotWarnings(
  session: Session,
  { replicationSlots: limits }: ThrottleLimits,
  prediction: RunPrediction | null,
): Promise<string[]> {
  if (limits === null) return [];
  const walBytes = prediction?.walBytes ?? 0;
  const parameters = new Parameters();
  const { last } = await session.send([
    { text: `SELECT (${slotsQuery(parameters.addArray(limits.ignore))})`, values: parameters.values },
  ]);
  return slotsOf(last.value(nullable(text))).flatMap((slot) => {
    const problem = slotProblem(slot, limits);
    if (problem !== null) return [`The run waits at its start: ${problem}.`];
    if (slot.active || slot.bytes + walBytes <= limits.bytes) return [];
    return [
      `The run is expected to write ${formatBytes(walBytes)} of WAL, and the server keeps all of it for ${describeSlot(slot)} and holds ${formatBytes(slot.bytes)} already. The run waits when it holds ${formatBytes(limits.bytes)}.`,
    ];
  });
}
