import type { ForgetReport, PruneReport } from '../../backfills/housekeeping/housekeeping.report.js';
import type { CommandOptions } from '../../report/control-report.js';
import type { GrantsReport } from '../../deploy/grants/grants.report.js';
import type { PhaseServices } from '../../deploy/phase.services.js';
import type { HousekeepingArguments } from '../arguments/housekeeping.arguments.js';

/** What a command about the ledger itself reports. */
export type HousekeepingReport = PruneReport | ForgetReport | GrantsReport;

/** @throws BackfillError before anything is deleted, for a name that is declared or unknown */
export function runHousekeeping(
  services: PhaseServices,
  wanted: HousekeepingArguments,
  command: CommandOptions,
): Promise<HousekeepingReport> {
  if (wanted.verb === 'grants') return services.grants.read(wanted.roles, command);
  const { backfills } = services;
  if (wanted.verb === 'forget') return backfills.forget(wanted.names, command);
  return backfills.prune({ ...command, ...(wanted.keepMs === undefined ? {} : { keepMs: wanted.keepMs }) });
}
