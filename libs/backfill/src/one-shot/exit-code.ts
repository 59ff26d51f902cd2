import type { BackfillPlan, PlanReport } from '../report/plan.js';
import type { ControlReport } from '../report/control-report.js';
import type { StatusReport } from '../report/status-report.js';
import type { OneShotPlan, OneShotReport, OneShotStatus } from './one-shot.report.js';

/** The exit codes of a one-shot run. Work that is left is only a warning: it does not stop a deployment. */
export const EXIT_CODES = {
  /** Done, or stopped with work left. */
  ok: 0,
  /** The migrations failed: the new version must not start. */
  migration: 1,
  /** Wrong arguments or configuration: nothing was run. */
  usage: 2,
  /** Only with `--strict`: work is left or has failed, or a control command had no effect on some of its names. */
  strict: 3,
} as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

const DONE: ReadonlySet<string> = new Set(['complete', 'done', 'nothing-to-do']);

export function exitCodeOf(report: OneShotReport, { strict }: { readonly strict: boolean }): ExitCode {
  if (haveMigrationsFailed(report)) return EXIT_CODES.migration;
  return strict && (!DONE.has(report.outcome) || hasNoBackfill(report)) ? EXIT_CODES.strict : EXIT_CODES.ok;
}

/** A run of backfills alone that found none: a provider is missing. A deployment may have none. */
function hasNoBackfill(report: OneShotReport): boolean {
  return report.phase === 'backfill' && report.backfills.length === 0;
}

function haveMigrationsFailed(report: OneShotReport): boolean {
  if (report.phase === 'migrate') return report.outcome === 'failed';
  return report.phase === 'deploy' && report.migrate?.outcome === 'failed';
}

/**
 * A control command that an error or a signal ended, or that none of its names allows, is not done, and no later run
 * repeats it. What one of several names does not allow is only a warning.
 */
export function exitCodeOfControl(
  { backfills, refused = [] }: ControlReport,
  { strict }: { readonly strict: boolean },
): ExitCode {
  if (refused.length === 0) return EXIT_CODES.ok;
  if (backfills.length === 0 || refused.some(({ kind }) => kind === 'error')) return EXIT_CODES.usage;
  return strict ? EXIT_CODES.strict : EXIT_CODES.ok;
}

/** With `--strict`, a status or a plan in which work is left has the exit code of a run that leaves it. */
export function exitCodeOfInspection(
  report: OneShotStatus | OneShotPlan,
  { strict }: { readonly strict: boolean },
): ExitCode {
  return strict && hasWorkLeft(report) ? EXIT_CODES.strict : EXIT_CODES.ok;
}

function hasWorkLeft(report: OneShotStatus | OneShotPlan): boolean {
  switch (report.phase) {
    case 'deploy': {
      const { migrate, indexes, backfill } = report;
      // An application may have no backfill at all.
      const isWithoutBackfills = backfill !== undefined && !hasAnyBackfill(backfill);
      return [migrate, indexes, isWithoutBackfills ? undefined : backfill].some(
        (phase) => phase !== undefined && hasWorkLeft(phase),
      );
    }
    case 'migrate':
      return report.dataSources.some(({ pending }) => pending.length > 0);
    case 'indexes':
      return report.dataSources.some(({ indexes }) => indexes.some(({ presence }) => presence !== 'exists'));
    case 'backfill':
      return hasBackfillLeft(report);
  }
}

function hasAnyBackfill(report: StatusReport | PlanReport): boolean {
  return 'plan' in report
    ? report.plan.length + (report.unplanned?.length ?? 0) > 0
    : report.backfills.some(({ declared }) => declared);
}

function hasBackfillLeft(report: StatusReport | PlanReport): boolean {
  if (!hasAnyBackfill(report)) return true;
  if (!('plan' in report))
    return report.backfills.some(({ declared, status }) => declared && status !== 'complete');
  return (report.unplanned ?? []).some(({ complete }) => complete !== true) || report.plan.some(isPlanLeft);
}

/** PostgreSQL estimates at least one row, also where there is none, and a few more by its statistics. */
const NEGLIGIBLE_SHARE = 0.01;

/** Of few rows that could not be counted, the last proof decides. */
function isPlanLeft({ status, pending, pendingIsEstimate, tableRows }: BackfillPlan): boolean {
  if (status !== 'complete') return true;
  if (pending === null || pending === 0) return false;
  return !pendingIsEstimate || pending > Math.max(1, (tableRows ?? 0) * NEGLIGIBLE_SHARE);
}
