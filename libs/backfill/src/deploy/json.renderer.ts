import type { BackfillPhaseReport, BackfillReport } from '../backfills/report/report.js';

/**
 * The one object of `--json`, the last line on stdout. Its named keys come first and are a contract; what follows them
 * may grow.
 */
export function renderPhaseJson({ phase, outcome, backfills, ...rest }: BackfillPhaseReport): string {
  return JSON.stringify({ phase, outcome, backfills: backfills.map(contractFirst), ...rest });
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
