import { messageOf } from '../../../postgres/error-classes.js';
import { BackfillError } from '../../../errors/backfill.error.js';
import type { ControlReport } from '../../../report/control-report.js';
import type { BackfillPhaseReport, BackfillReport } from '../../../report/report.js';
import type { HousekeepingReport } from '../../housekeeping/housekeeping.command.js';
import type { FailedInspection, OneShotPlan, OneShotReport, OneShotStatus } from '../../one-shot.report.js';

/**
 * The object that `--json` prints as the last line on stdout. The keys that this file names are a stable
 * interface and come first. Other keys may be added.
 */
export function renderReportJson(report: OneShotReport): string {
  if (report.phase === 'migrate' || report.phase === 'indexes') return stringify(report);
  if (report.phase === 'backfill') return stringify(orderPhaseKeys(report));
  const { phase, outcome, left, migrate, indexes, backfill, ...rest } = report;
  return stringify({
    phase,
    outcome,
    left,
    ...(migrate ? { migrate } : {}),
    ...(indexes ? { indexes } : {}),
    ...(backfill ? { backfill: orderPhaseKeys(backfill) } : {}),
    ...rest,
  });
}

/** The object that `--json` prints with `--status`, `--plan` or a control command. */
export function renderJson(
  report: OneShotStatus | OneShotPlan | FailedInspection | ControlReport | HousekeepingReport,
): string {
  return stringify(report);
}

function stringify(value: object): string {
  return JSON.stringify(value, (_, item: unknown) => (item instanceof Error ? errorFields(item) : item));
}

function errorFields(error: Error): object {
  const { name } = error;
  const message = messageOf(error);
  return error instanceof BackfillError
    ? { name, message, subject: error.subject, remedy: error.remedy }
    : { name, message };
}

function orderPhaseKeys({ phase, outcome, backfills, ...rest }: BackfillPhaseReport): object {
  return { phase, outcome, backfills: backfills.map(orderBackfillKeys), ...rest };
}

function orderBackfillKeys(report: BackfillReport): object {
  const { name, status, updated, skipped, quarantined, remaining } = report;
  const { batches, durationMs, rowsPerSecond, waitingFor } = report;
  return {
    ...{ name, status, updated, skipped, quarantined, remaining },
    ...{ batches, durationMs, rowsPerSecond, waitingFor },
    ...report,
  };
}
