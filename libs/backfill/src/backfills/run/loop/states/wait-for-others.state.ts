import { backOff } from '../../../../text/back-off.js';
import { incomplete } from '../../outcome/run-outcome.js';
import type { RunState } from '../run.states.js';

const BACK_OFF = { baseMs: 20, maxMs: 1_000 } as const;

/** There is no range to take: other processes hold the rest, or every range is done. */
export const waitForOthers: RunState<'waitForOthers'> = async (run, memory) => {
  const { connection, ledger, options, others, scope } = run;
  const result = await scope.waitForOthers(others);
  if (result === 'try-again') return 'takeRange';
  if (result !== 'nobody-left') return result;
  const { stop } = options;
  if (stop.reason !== null) return incomplete(stop.reason, { keepsStatus: !run.hasBegun });
  if (!(await connection.use((session) => ledger.ranges.hasUnfinished(session, scope.tenants))))
    return 'prove';
  // A range may have come free in the meantime. Or its row in the ledger is locked, e.g. by a transaction of a dead
  // process.
  await run.endAbandoned();
  await stop.sleep(backOff(++memory.misses, BACK_OFF));
  return 'takeRange';
};
