import type { IndexesReport } from '../indexes/indexes.report.js';
import type { IndexReport } from '../indexes/index.report.js';
import { isDone, type BackfillPhaseReport } from '../report/report.js';

/**
 * Whether a deployment builds, at its end, the indexes with `requires` or `build: 'after'`: one of them waits, and a backfill
 * of this deployment is now complete.
 */
export function shouldRunIndexPass(indexes: IndexesReport, backfill: BackfillPhaseReport): boolean {
  return (
    backfill.backfills.some(isDone) && indexes.dataSources.some((report) => report.indexes.some(isWaiting))
  );
}

/**
 * The report of the indexes phase after the index pass: the indexes that waited have the result of the pass,
 * the others that of the first run.
 */
export function indexPassReport(first: IndexesReport, pass: IndexesReport): IndexesReport {
  return {
    ...pass,
    outcome: outcomeOf(first, pass),
    dataSources: first.dataSources.map((report) => {
      const later = pass.dataSources.find(({ dataSource }) => dataSource === report.dataSource);
      if (!later) return report;
      const before = report.indexes.filter((index) => !isWaiting(index));
      return {
        ...later,
        indexes: later.indexes.map((index) => before.find(({ name }) => name === index.name) ?? index),
      };
    }),
  };
}

/** The pass finds the indexes of the first run in place, so that `nothing-to-do` says nothing about that run. */
function outcomeOf(first: IndexesReport, pass: IndexesReport): IndexesReport['outcome'] {
  if (first.outcome === 'warnings' || pass.outcome === 'warnings') return 'warnings';
  return first.outcome === 'done' ? 'done' : pass.outcome;
}

function isWaiting({ status }: IndexReport): boolean {
  return status === 'waiting';
}
