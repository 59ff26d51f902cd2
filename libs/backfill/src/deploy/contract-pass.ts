import type { BackfillStatus } from '../ledger/status.js';
import type { BackfillPhaseReport } from '../backfills/report/report.js';
import { MigrationBlockedError } from '../migrations/migration.error.js';
import type { MigrateReport } from '../migrations/migrate.report.js';

/**
 * Statuses that a backfill has from a run that came to its own end, so that the deployment could go on and start the new code.
 * One that has never run, or whose process was killed, may belong to a deployment that was broken off and is now repeated: the
 * code that fills the new columns is then not live yet.
 */
const CAME_TO_AN_END: ReadonlySet<string> = new Set<BackfillStatus>(['incomplete', 'complete', 'failed']);

/**
 * Whether contract migrations that were deferred at the start of a deployment are run at its end. Both must hold:
 *
 * - The backfills that they waited for have been completed and proved in between.
 * - The code that fills the new columns is live: this deployment has not itself extended the schema, and an earlier one has run
 *   these backfills as far as they went. Otherwise the version that still runs would meet the contract, and fail its users.
 */
export function contractsAreDue(migrate: MigrateReport, backfill: BackfillPhaseReport): boolean {
  if (migrate.outcome !== 'deferred') return false;
  if (migrate.dataSources.some(({ ran }) => ran.length > 0)) return false;
  const proved = new Set(backfill.backfills.filter((report) => report.proved).map(({ name }) => name));
  return migrate.dataSources.some(({ deferred }) =>
    deferred?.waitsFor.every((each) => proved.has(each.backfill) && CAME_TO_AN_END.has(each.status)),
  );
}

/**
 * What the pass at the end makes of the migrations phase. A contract that does not get its locks stays pending, as it did before: the
 * new version needs nothing of it, and must not be kept from starting. Any other failure stops the deployment.
 */
export function afterContractPass(second: MigrateReport): MigrateReport {
  const failures = second.dataSources.flatMap(({ failed }) => failed ?? []);
  const blocked =
    failures.length > 0 && failures.every(({ error }) => error instanceof MigrationBlockedError);
  if (second.outcome !== 'failed' || !blocked) return second;
  return {
    ...second,
    outcome: 'deferred',
    reason: 'What had waited for a backfill did not get its locks at the end. The next deployment runs it.',
  };
}
