import { takeRange as leaseOrSplit } from '../../workers/range.taker.js';
import type { RunState } from '../run.states.js';

/**
 * Leases a free range. If there is none and more workers are allowed, splits the largest range and leases its
 * second half.
 */
export const takeRange: RunState<'takeRange'> = async (run, memory) => {
  const { connection, gate, ledger, options, scope } = run;
  memory.range = await leaseOrSplit(connection, {
    ledger,
    selection: memory.selection,
    maxWorkers: gate.control.workerLimit,
    leaseScope: scope.leaseScope,
    canContinue: () => options.stop.reason === null,
  });
  if (memory.range === null) return 'waitForOthers';
  memory.failedAttempts = 0;
  scope.onRangeTaken();
  return 'processRanges';
};
