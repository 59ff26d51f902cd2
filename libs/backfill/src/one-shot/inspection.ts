import { BackfillError } from '../errors/backfill.error.js';
import type { CommandOptions } from '../report/control-report.js';
import type { Phase } from '../deploy/phases.js';
import type { PhaseServices } from '../deploy/phase.services.js';
import type { OneShotArguments } from './arguments/one-shot.arguments.js';
import type { DeployPlan, OneShotPlan, OneShotStatus } from './one-shot.report.js';

type StatusRequest = Pick<OneShotArguments, 'phases' | 'names' | 'targets'>;
type PlanRequest = Pick<OneShotArguments, 'phases' | 'names' | 'tenants'>;

/** Reads the status of the phases. Changes nothing. @throws BackfillError */
export function readStatus(
  services: PhaseServices,
  { phases, names, targets }: StatusRequest,
  command: CommandOptions,
): Promise<OneShotStatus> {
  const selection = {
    ...(names.length > 0 ? { names } : {}),
    ...(targets.length > 0 ? { targets } : {}),
  };
  const backfills = () => services.backfills.status(selection, command);
  return inspectPhases(services, phases, { asOnlyPhase: backfills, withOtherPhases: backfills });
}

/** Plans the phases. Changes nothing. @throws BackfillError */
export function readPlan(
  services: PhaseServices,
  { phases, names, tenants }: PlanRequest,
): Promise<OneShotPlan> {
  const selection = {
    ...(names.length > 0 ? { names } : {}),
    ...(tenants.length > 0 ? { tenants } : {}),
  };
  return inspectPhases(services, phases, {
    asOnlyPhase: () => services.backfills.plan(selection),
    withOtherPhases: () =>
      planUnlessRefused(() => services.backfills.plan({ ...selection, problems: 'report' })),
  });
}

/** How the backfills are inspected. The inspection of the other phases is the same for status and plan. */
interface BackfillInspection<Single, Combined> {
  readonly asOnlyPhase: () => Promise<Single>;
  readonly withOtherPhases: () => Promise<Combined>;
}

async function inspectPhases<Single, Combined>(
  services: PhaseServices,
  phases: readonly Phase[],
  backfills: BackfillInspection<Single, Combined>,
) {
  const migrate = () => services.migrations.status();
  const indexes = () => services.indexes.status();
  const [only] = phases;
  if (only && phases.length === 1) return { migrate, indexes, backfill: backfills.asOnlyPhase }[only]();
  return {
    phase: 'deploy' as const,
    ...(phases.includes('migrate') ? { migrate: await migrate() } : {}),
    ...(phases.includes('indexes') ? { indexes: await indexes() } : {}),
    ...(phases.includes('backfill') ? { backfill: await backfills.withOtherPhases() } : {}),
  };
}

/** A backfill cannot be planned before the pending migration that adds its column has run. */
async function planUnlessRefused(
  plan: () => Promise<NonNullable<DeployPlan['backfill']>>,
): Promise<NonNullable<DeployPlan['backfill']>> {
  try {
    const report = await plan();
    const first = report.unplanned?.find(({ complete }) => complete !== true);
    return first && report.plan.length === 0 ? { ...report, reason: first.reason } : report;
  } catch (error) {
    if (!(error instanceof BackfillError)) throw error;
    return { phase: 'backfill', plan: [], reason: error.message };
  }
}
