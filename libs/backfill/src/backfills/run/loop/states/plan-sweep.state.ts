import { findSplitKeys } from '../../../pending/range.splitter.js';
import { lowerSweepBound, upperSweepBound } from '../../../pending/sweep-bounds.js';
import type { RunState } from '../run.states.js';

/** Plans the ranges of the next sweep, from the first to the last pending key of this moment. */
export const planSweep: RunState<'planSweep'> = async (run, memory) => {
  const { completionLease, connection, gate, ledger, log, scope } = run;
  const { selection } = memory;
  memory.updatedBeforeSweep = log.updated;
  memory.sweeps++;
  await connection.use(async (session) => {
    const upper = await upperSweepBound(session, selection, { excludeQuarantined: true });
    // The last pending row was done in the meantime, e.g. by the application.
    if (upper === null) return;
    const lower = await lowerSweepBound(session, selection, { excludeQuarantined: true });
    const cuts = await findSplitKeys(session, selection, { lower, upper, parts: gate.control.workerLimit });
    await ledger.ranges.planSweep(session, scope.tenants, [lower, ...cuts, upper]);
  });
  await completionLease.release();
  return 'takeRange';
};
