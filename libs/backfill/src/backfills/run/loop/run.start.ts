import { IllegalTransitionError } from '../../../ledger/ledger.error.js';
import { isHeld } from '../../../ledger/status.js';
import { inspectDeclaredIndex } from '../../batch/declared-index.inspector.js';
import { countPending } from '../../pending/pending.counter.js';
import { describePoolShortage } from '../workers/pool.shortage.js';
import { checkCascades } from './cascade.check.js';
import type { RunContext } from './run.context.js';
import type { LoopMemory } from './run.states.js';

/** Sets the status to `running` and reports the start. Does this once, before the first batch. */
export async function startRun(run: RunContext, { record, selection }: LoopMemory): Promise<void> {
  if (run.hasStarted) return;
  const { connection, definition, ledger, log, scope } = run;
  const reason = scope.start(record);
  run.hasStarted = true;
  await connection
    .use((session) => ledger.status.transition(session, { to: 'running', reason }))
    // A person has just paused or cancelled the backfill. The gate detects this before the first batch.
    .catch((error: unknown) => {
      if (!(error instanceof IllegalTransitionError && isHeld(error.from))) throw error;
    });
  const total = await connection.use((session) => countPending(session, selection));
  log.started(definition.version, reason, total);
  const shortage = describePoolShortage(definition);
  if (shortage !== null) log.note('warn', shortage);
  await checkCascades(run, selection, total);
  const problem = await connection.use((session) => inspectDeclaredIndex(session, definition));
  if (problem !== null) log.note('warn', problem);
}
