import type { BackfillPhaseReport } from '../backfills/report/report.js';
import type { MigrateReport } from './migrate.report.js';

/**
 * Whether contract migrations that were deferred at the start of a deployment are run at its end: the backfills that they waited
 * for have been completed and proved in between, and the schema was as it is now before this deployment began. Where it has
 * itself extended the schema, the code that fills the new columns is not live yet: then they are left for the next one.
 */
export function contractsAreDue(migrate: MigrateReport, backfill: BackfillPhaseReport): boolean {
  if (migrate.outcome !== 'deferred') return false;
  if (migrate.dataSources.some(({ ran }) => ran.length > 0)) return false;
  const proved = new Set(backfill.backfills.filter((report) => report.proved).map(({ name }) => name));
  return migrate.dataSources.some(({ deferred }) =>
    deferred?.waitsFor.every((each) => proved.has(each.backfill)),
  );
}
