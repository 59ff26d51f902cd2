import { BackfillPhase } from '../deploy/backfill.phase.js';
import type { PhaseReport } from '../deploy/deploy.report.js';
import type { DeployPhase } from '../deploy/deploy.phase.js';
import { DeploySequence } from '../deploy/deploy.sequence.js';
import { IndexesPhase } from '../deploy/indexes.phase.js';
import { MigratePhase } from '../deploy/migrate.phase.js';
import type { Phase } from '../deploy/phases.js';
import type { OneShotArguments } from './arguments/one-shot.arguments.js';
import { explanationOf } from './error.text.js';
import type { OneShotOutput } from './output/one-shot.output.js';

/** The phases that the arguments select, with their requests. */
export function createSequence(
  request: OneShotArguments,
  output: OneShotOutput,
  signal: AbortSignal,
): DeploySequence {
  const create: Record<Phase, () => DeployPhase<PhaseReport>> = {
    migrate: () => createMigratePhase(request, output, signal),
    indexes: () => createIndexesPhase(request, output, signal),
    backfill: () => createBackfillPhase(request, output, signal),
  };
  return new DeploySequence(
    request.phases.map((phase) => create[phase]()),
    { signal, onError: (error) => output.error(explanationOf(error)) },
  );
}

function createMigratePhase(
  { connectTimeoutMs }: OneShotArguments,
  output: OneShotOutput,
  signal: AbortSignal,
): MigratePhase {
  const { observer } = output;
  return new MigratePhase({ log: output.phaseLogger('Migration'), signal, connectTimeoutMs, observer });
}

function createIndexesPhase(
  { rebuild, maxWaitMs }: OneShotArguments,
  output: OneShotOutput,
  signal: AbortSignal,
): IndexesPhase {
  return new IndexesPhase({
    log: output.phaseLogger('Index'),
    signal,
    rebuild,
    ...(maxWaitMs === undefined ? {} : { maxWait: maxWaitMs }),
  });
}

function createBackfillPhase(
  { names, tenants, maxDurationMs, connectTimeoutMs, retryQuarantined }: OneShotArguments,
  { observer }: OneShotOutput,
  signal: AbortSignal,
): BackfillPhase {
  const request = {
    ...(names.length > 0 ? { names } : {}),
    ...(tenants.length > 0 ? { tenants } : {}),
    ...(maxDurationMs === undefined ? {} : { maxDurationMs }),
    connectTimeoutMs,
    retryQuarantined,
    signal,
  };
  return new BackfillPhase(request, observer);
}
