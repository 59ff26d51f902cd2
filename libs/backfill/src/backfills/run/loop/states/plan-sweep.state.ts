import { findSplitKeys } from '../../../pending/range.splitter.js';
import { lowerSweepBound, upperSweepBound } from '../../../pending/sweep-bounds.js';
import type { RunState } from '../run.states.js';

/**
 * Plans the ranges of the next sweep. It covers the keys from the first to the last row that is pending now.
 */
export const planSweep: RunState<'planSweep'> = async (run, memory) => {
  const { completionLease, connection, gate, ledger, log, scope } = run;
  const { selection } = memory;
  memory.updatedBeforeSweep = log.updated;
  memory.sweeps++;
  await connection.use(async (session) => {
    const upper = await upperSweepBound(session, selection, { excludeQuarantined: true });
    // No pending row is left: the application has changed or deleted the last one meanwhile.
    if (upper === null) return;
    const lower = await lowerSweepBound(session, selection, { excludeQuarantined: true });
    const splitKeys = await findSplitKeys(session, selection, {
      lower,
      upper,
      parts: gate.control.workerLimit,
    });
    await ledger.ranges.planSweep(session, scope.tenants, [lower, ...splitKeys, upper]);
  });
  await completionLease.release();
  return 'takeRange';
};
