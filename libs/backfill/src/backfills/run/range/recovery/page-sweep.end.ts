import type { RangeContext } from '../range.context.js';
import type { RestOfSweep } from '../worker.tools.js';

/**
 * Ends the sweep of a range of pages before its end. The range continues with its settling pass. The proof then
 * finds the rows that the sweep has not reached, and the run plans another sweep.
 */
export async function endPageSweep({ state, tools }: RangeContext, rest: RestOfSweep): Promise<void> {
  const { connection, ledger } = tools;
  const { range } = state;
  await connection.use((session) => session.transaction([ledger.pages.endSweep(range)]));
  state.sweepEnded();
  tools.onPageSweepEnded(rest);
}
