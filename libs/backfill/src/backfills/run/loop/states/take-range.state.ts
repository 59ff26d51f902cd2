import { takeRange as leaseOrSplit } from '../../workers/range.taker.js';
import type { RunState } from '../run.states.js';

/** Takes a range that no process holds, or half of the largest one if more workers are allowed. */
export const takeRange: RunState<'takeRange'> = async (run, memory) => {
  const { connection, gate, ledger, options, scope } = run;
  memory.range = await leaseOrSplit(connection, {
    ledger,
    selection: memory.selection,
    maxWorkers: gate.control.workerLimit,
    among: scope.leases,
    canContinue: () => options.stop.reason === null,
  });
  if (memory.range === null) return 'waitForOthers';
  memory.misses = 0;
  scope.onRangeTaken();
  return 'workOff';
};
