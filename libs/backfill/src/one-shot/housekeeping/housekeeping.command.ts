import type { ForgetReport, PruneReport } from '../../backfills/housekeeping/housekeeping.report.js';
import type { GrantsReport } from '../../deploy/grants/grants.report.js';
import type { PhaseServices } from '../../deploy/phase.services.js';
import type { HousekeepingArguments } from '../arguments/housekeeping.arguments.js';

/** What a command about the ledger itself reports. */
export type HousekeepingReport = PruneReport | ForgetReport | GrantsReport;

/** @throws BackfillError before anything is deleted, for a name that is declared or unknown */
export function runHousekeeping(
  services: PhaseServices,
  command: HousekeepingArguments,
): Promise<HousekeepingReport> {
  if (command.verb === 'grants') return services.grants.read(command.roles);
  const { backfills } = services;
  if (command.verb === 'forget') return backfills.forget(command.names);
  return backfills.prune(command.keepMs === undefined ? {} : { keepMs: command.keepMs });
}
