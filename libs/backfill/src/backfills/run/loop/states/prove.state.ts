import type { Key } from '../../../../ledger/range.js';
import type { ProvedPredicate } from '../../../../ledger/proof/proved-predicate.js';
import { isOlderThan } from '../../../pending/row-age.js';
import type { HeldByPerson } from '../../gate/held-by-person.js';
import { heldByPerson, incomplete, provedByAnother } from '../../outcome/run-outcome.js';
import { nothingChanged, rowsKeepArriving } from '../../outcome/proof-outcome.js';
import { ProofReporter } from '../../outcome/proof.reporter.js';
import { findPending } from '../../../pending/pending.probe.js';
import { concludeProof } from '../run.conclusion.js';
import type { RunContext } from '../run.context.js';
import type { LoopMemory, RunState } from '../run.states.js';

/**
 * Maximum number of sweeps in one run. It limits a run while the application keeps writing pending rows. A sweep does
 * not count if the run itself has made rows pending, e.g. the children of the rows that it has changed.
 */
const MAX_SWEEPS = 5;

/** Probes for a pending row after every range is done. The completion lease admits one process at a time. */
export const prove: RunState<'prove'> = async (run, memory) => {
  if (run.isShared && !(await run.completionLease.take())) {
    const next = await run.others.wait('the process that proves completion');
    return next === 'try-again' ? 'takeRange' : next;
  }
  const provedFor = await provedByOthersFor(run, memory);
  if (provedFor === 'own') return provedByAnother();
  const { selection } = memory;
  const probed = await probe(run, memory);
  if (probed.held !== null) return heldByPerson(probed.held);
  const { pending } = probed;
  if (pending === 'stopped') return incomplete(run.options.stop.reason ?? 'Stopped.');
  if (pending === null) return concludeProof(run, memory);
  if (provedFor !== null) await resumeAfterOther(run, selection.describe(pending));
  if (run.log.updated === memory.updatedBeforeSweep) return nothingChanged(selection.describe(pending));
  if (await isOwnDoing(run, memory, pending)) memory.ownSweeps++;
  if (memory.sweeps - memory.ownSweeps >= MAX_SWEEPS)
    return rowsKeepArriving(selection.describe(pending), MAX_SWEEPS);
  return 'planSweep';
};

/**
 * Whether no one has written the row since the run's first sweep. It has become pending because another row has
 * changed. As each row is changed once, this ends.
 */
async function isOwnDoing(
  { connection }: RunContext,
  { selection, firstSweepXid }: LoopMemory,
  key: Key,
): Promise<boolean> {
  if (firstSweepXid === null) return false;
  return connection.use((session) => isOlderThan(session, selection, { key, xid: firstSweepXid }));
}

/** @returns what another process of this run has proved complete meanwhile; null if none has */
async function provedByOthersFor(run: RunContext, { record }: LoopMemory): Promise<ProvedPredicate | null> {
  const { connection, ledger, scope } = run;
  if (!scope.canBeProvedByOthers(record) || !run.isShared) return null;
  return connection.use((session) => ledger.status.provedFor(session));
}

/** Another release may have proved another predicate under the same name and version. This one still has rows to change. */
async function resumeAfterOther({ connection, ledger, log }: RunContext, row: string): Promise<void> {
  const reason = `Another process has proved it complete with another \`where\`, and by this one ${row} is pending.`;
  log.note(
    'warn',
    `${reason} Two releases declare it differently under one version: raise \`version\` with each change of \`where\`.`,
  );
  await connection.use((session) => ledger.status.transition(session, { to: 'running', reason }));
}

/** Searches for a pending row until the run is asked to stop, or a person pauses or cancels the backfill. */
async function probe(run: RunContext, { selection }: LoopMemory) {
  const { connection, gate, ledger, log, options } = run;
  const startedAt = performance.now();
  const reporter = new ProofReporter(ledger, log);
  let held: HeldByPerson | null = null;
  const pending = await connection.use((session) =>
    findPending(session, selection, {
      excludeQuarantined: true,
      onSession: (own) => void (run.proofSession = own),
      canContinue: async (idle, progress) => {
        await reporter.report(idle, progress);
        held = await gate.pass(session);
        return held === null && options.stop.reason === null;
      },
    }),
  );
  await connection.use((session) => reporter.ended(session));
  log.probed(performance.now() - startedAt);
  return { pending, held: pending === 'stopped' ? (held as HeldByPerson | null) : null };
}
