import { planKeySweep, planSweepRanges } from '../../../pending/sweep.planner.js';
import { nextTransactionId } from '../../../pending/row-age.js';
import type { RunState } from '../run.states.js';

/** Plans the ranges of the next sweep. It covers every row that is pending now. */
export const planSweep: RunState<'planSweep'> = async (run, memory) => {
  const { completionLease, connection, definition, gate, ledger, log, scope } = run;
  const { selection } = memory;
  memory.updatedBeforeSweep = log.updated;
  memory.sweeps++;
  memory.firstSweepXid ??= await connection.use(nextTransactionId);
  const { order, reason, ranges } = await connection.use((session) =>
    memory.needsKeyOrder
      ? planKeySweep(session, selection, gate.control.workerLimit)
      : planSweepRanges(session, selection, gate.control.workerLimit),
  );
  // Without ranges the table is empty: the application has deleted the last row meanwhile.
  if (ranges.length > 0) {
    await connection.use((session) => ledger.ranges.planSweep(session, scope.tenants, ranges));
    if (definition.pace.order !== 'key') log.note('log', `Sweeps in ${order} order: ${reason}.`);
  }
  await completionLease.release();
  return 'takeRange';
};
