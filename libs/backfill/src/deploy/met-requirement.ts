import { isBuilt } from '../indexes/indexes.report.js';
import { isDone } from '../report/report.js';
import type { UnmetRequirement } from '../migrations/migration.error.js';
import type { PhaseReports } from './deploy.report.js';

/** Whether this deployment has met a requirement that a migration waited for at its start. */
export function isMet(
  { backfill: name, kind }: Pick<UnmetRequirement, 'backfill' | 'kind'>,
  { backfill, indexes }: { readonly [Name in 'backfill' | 'indexes']?: PhaseReports[Name] | undefined },
): boolean {
  if (kind !== 'index')
    return backfill?.backfills.some((report) => report.name === name && isDone(report)) ?? false;
  return (
    indexes?.dataSources.some((report) =>
      report.indexes.some((index) => index.name === name && isBuilt(index.status)),
    ) ?? false
  );
}
