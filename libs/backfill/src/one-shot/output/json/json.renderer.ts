import { BackfillError } from '../../../errors/backfill.error.js';
import type { ControlReport } from '../../../backfills/report/control-report.js';
import type { BackfillPhaseReport, BackfillReport } from '../../../backfills/report/report.js';
import type { OneShotPlan, OneShotReport, OneShotStatus, UnreadLook } from '../../../deploy/deploy.report.js';

/**
 * The one object of `--json`, the last line on stdout. Its named keys come first and are a contract; what follows them
 * may grow.
 */
export function renderReportJson(report: OneShotReport): string {
  if (report.phase === 'migrate' || report.phase === 'indexes') return stringify(report);
  if (report.phase === 'backfill') return stringify(backfillsFirst(report));
  const { phase, outcome, left, migrate, indexes, backfill, ...rest } = report;
  return stringify({
    phase,
    outcome,
    left,
    ...(migrate ? { migrate } : {}),
    ...(indexes ? { indexes } : {}),
    ...(backfill ? { backfill: backfillsFirst(backfill) } : {}),
    ...rest,
  });
}

/** The one object of `--json` with `--status` or `--plan`, or with an order to a backfill. */
export function renderLookJson(report: OneShotStatus | OneShotPlan | UnreadLook | ControlReport): string {
  return stringify(report);
}

function stringify(value: object): string {
  return JSON.stringify(value, (_, each: unknown) => (each instanceof Error ? errorFields(each) : each));
}

function errorFields(error: Error): object {
  const { name, message } = error;
  return error instanceof BackfillError
    ? { name, message, subject: error.subject, remedy: error.remedy }
    : { name, message };
}

function backfillsFirst({ phase, outcome, backfills, ...rest }: BackfillPhaseReport): object {
  return { phase, outcome, backfills: backfills.map(contractFirst), ...rest };
}

function contractFirst(report: BackfillReport): object {
  const {
    name,
    status,
    updated,
    skipped,
    quarantined,
    remaining,
    batches,
    durationMs,
    rowsPerSecond,
    waitingFor,
  } = report;
  return {
    ...{
      name,
      status,
      updated,
      skipped,
      quarantined,
      remaining,
      batches,
      durationMs,
      rowsPerSecond,
      waitingFor,
    },
    ...report,
  };
}
