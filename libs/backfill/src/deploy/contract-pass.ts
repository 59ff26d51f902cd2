import type { BackfillPhaseReport } from '../report/report.js';
import type { BackfillStatus } from '../ledger/status.js';
import type { MigrateReport } from '../migrations/migrate.report.js';
import { MigrationBlockedError } from '../migrations/migration.error.js';

/**
 * The statuses after a run that reached its own end, so that its deployment could start the new code. A
 * backfill that has never run, or whose process was killed, may belong to an interrupted deployment that is
 * now repeated. Then the code that fills the new columns is not live yet.
 */
const STATUSES_AFTER_A_RUN: ReadonlySet<string> = new Set<BackfillStatus>([
  'incomplete',
  'complete',
  'failed',
]);

/**
 * Whether a deployment runs the contract migrations at its end that were deferred at its start. Two
 * conditions must hold:
 *
 * - The required backfills are now complete and proved.
 * - The code that fills the new columns is live: this deployment has not extended the schema itself, and an
 *   earlier deployment ran these backfills to their own end. Otherwise, the contract would break the version
 *   that is still running.
 */
export function shouldRunContractPass(migrate: MigrateReport, backfill: BackfillPhaseReport): boolean {
  if (migrate.outcome !== 'deferred') return false;
  if (migrate.dataSources.some(({ ran }) => ran.length > 0)) return false;
  const proved = new Set(backfill.backfills.filter((report) => report.proved).map(({ name }) => name));
  return migrate.dataSources.some(({ deferred }) =>
    deferred?.waitsFor.every(
      (required) => proved.has(required.backfill) && STATUSES_AFTER_A_RUN.has(required.status),
    ),
  );
}

/**
 * The report of the migrations phase after the contract pass. A contract that did not get its locks stays
 * pending. The new version does not need it, so it must not prevent the start. Any other failure stops the
 * deployment.
 */
export function contractPassReport(report: MigrateReport): MigrateReport {
  const failures = report.dataSources.flatMap(({ failed }) => failed ?? []);
  const isBlocked =
    failures.length > 0 && failures.every(({ error }) => error instanceof MigrationBlockedError);
  if (report.outcome !== 'failed' || !isBlocked) return report;
  return {
    ...report,
    outcome: 'deferred',
    reason:
      'A deferred migration did not get its locks at the end of the deployment. The next deployment runs it.',
  };
}
