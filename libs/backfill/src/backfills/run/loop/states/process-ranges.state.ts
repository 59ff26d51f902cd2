import type { LeasedRange } from '../../../../ledger/range.js';
import { heldByPerson, incomplete, leaseLost } from '../../outcome/run-outcome.js';
import { Quarantine } from '../../range/quarantine.js';
import type { RangeOutcome } from '../../range/range.outcome.js';
import { WorkerPool } from '../../workers/worker.pool.js';
import type { RunContext } from '../run.context.js';
import { failedBy } from '../run.failure.js';
import { startRun } from '../run.start.js';
import type { LoopMemory, NextState, RunState } from '../run.states.js';

/** The workers of this process sweep and settle the range, and every other range that they can take. */
export const processRanges: RunState<'processRanges'> = async (run, memory) => {
  const { range } = memory;
  if (range === null) return 'takeRange';
  await startRun(run, memory);
  return await afterWork(run, await runWorkerPool(run, memory, range));
};

async function afterWork(run: RunContext, outcome: RangeOutcome): Promise<NextState<'processRanges'>> {
  switch (outcome.kind) {
    case 'failed':
      return failedBy(run, outcome.error);
    case 'held':
      return heldByPerson(outcome);
    case 'stopped':
      return incomplete(outcome.reason, outcome);
    case 'lost':
      return run.isShared ? 'takeRange' : leaseLost(outcome.reason);
    default:
      return 'takeRange';
  }
}

async function runWorkerPool(run: RunContext, memory: LoopMemory, first: LeasedRange): Promise<RangeOutcome> {
  const { connection, gate, ledger, log, options } = run;
  const { selection, sweeps } = memory;
  const counts = await connection.use((session) => ledger.progress.counts(session, null));
  run.pool = new WorkerPool({
    ledger,
    selection,
    quarantine: new Quarantine(selection, counts.quarantined),
    gate,
    log,
    stop: options.stop,
    connection,
    connect: (dispensable) => run.connect(undefined, dispensable),
    searchesEveryWindow: sweeps > 1,
    // The next sweep does not count, and it is planned even if this one has changed nothing.
    onPageSweepEnded: (rest) => {
      memory.updatedBeforeSweep = null;
      memory.sweeps = Math.min(memory.sweeps, sweeps - 1);
      if (rest === 'key-order') memory.needsKeyOrder = true;
    },
  });
  return run.pool.work(first);
}
