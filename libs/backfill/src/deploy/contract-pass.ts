import type { IndexesReport } from '../indexes/indexes.report.js';
import type { BackfillPhaseReport } from '../report/report.js';
import type { BackfillStatus } from '../ledger/status.js';
import type { MigrateReport } from '../migrations/migrate.report.js';
import { MigrationBlockedError } from '../migrations/migration.error.js';
import { isMet } from './met-requirement.js';

/**
 * The statuses after a run that was not interrupted, so that its deployment could start the new code. With
 * any other status, the earlier deployment may have been interrupted, and this one repeats it. Then the code
 * that fills the new columns is not running yet.
 */
const STATUSES_AFTER_A_RUN: ReadonlySet<string> = new Set<BackfillStatus>([
  'incomplete',
  'complete',
  'failed',
]);

/**
 * Whether a deployment runs, at its end, the contract migrations that it deferred at its start. Two
 * conditions must hold:
 *
 * - The required backfills are now complete and proved, and the required indexes are built.
 * - The code that fills the new columns is running: this deployment has run no other migration, and an
 *   earlier deployment ran these backfills without an interruption. Otherwise, the contract migration would
 *   break the version that is still running.
 */
export function shouldRunContractPass(
  migrate: MigrateReport,
  {
    backfill,
    indexes,
  }: { readonly backfill: BackfillPhaseReport; readonly indexes: IndexesReport | undefined },
): boolean {
  if (migrate.outcome !== 'deferred') return false;
  if (migrate.dataSources.some(({ ran }) => ran.length > 0)) return false;
  return migrate.dataSources.some(({ deferred }) =>
    deferred?.waitsFor.every(
      (required) =>
        isMet(required, { backfill, indexes }) &&
        (required.kind === 'index' || STATUSES_AFTER_A_RUN.has(required.status)),
    ),
  );
}

/**
 * The report of the migrations phase after the contract pass. A contract migration that did not get its locks
 * stays pending, and the deployment continues, because the new version works without it. Any other failure
 * stops the deployment.
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
