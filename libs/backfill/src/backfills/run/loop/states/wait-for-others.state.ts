import { backOff } from '../../../../text/back-off.js';
import { incomplete } from '../../outcome/run-outcome.js';
import type { RunState } from '../run.states.js';

const BACK_OFF = { baseMs: 20, maxMs: 1_000 } as const;

/** Waits if other processes hold every remaining range. Continues with the proof if every range is done. */
export const waitForOthers: RunState<'waitForOthers'> = async (run, memory) => {
  const { connection, ledger, options, others, scope } = run;
  const result = await scope.waitForOthers(others);
  if (result === 'try-again') return 'takeRange';
  if (result !== 'no-other-process') return result;
  const { stop } = options;
  if (stop.reason !== null) return incomplete(stop.reason, { keepsStatus: !run.isRecordedAsRunning });
  if (!(await connection.use((session) => ledger.ranges.hasUnfinished(session, scope.tenants))))
    return 'prove';
  // The scope has an unfinished range. It may be free now, or a transaction of a dead process may have locked
  // its row in the ledger.
  await run.endAbandoned();
  await stop.sleep(backOff(++memory.failedAttempts, BACK_OFF));
  return 'takeRange';
};
