import type { BackfillReport } from '../../../report/report.js';
import { PROVED_COMPLETE } from '../outcome/proof-outcome.js';
import { provedByAnother } from '../outcome/run-outcome.js';

/** Creates the report of a run in tenant order: the report of the last part, with the sums of all parts. */
export function sumReports(parts: readonly BackfillReport[], last: BackfillReport): BackfillReport {
  const all = [...parts, last];
  const total = (numberOf: (report: BackfillReport) => number) =>
    all.reduce((sum, report) => sum + numberOf(report), 0);
  const updated = total((report) => report.updated);
  const durationMs = total((report) => report.durationMs);
  const withoutRows = all.flatMap((report) => report.withoutRows ?? []);
  const proofMs = total((report) => report.proofMs ?? 0);
  const nothingToDo = all.every((report) => report.nothingToDo);
  // The last part found nothing to do because the parts before it, or another process, did everything.
  const isDoneByEarlierPart = last.nothingToDo && last.proved && !nothingToDo;
  return {
    ...last,
    ...(isDoneByEarlierPart && { reason: updated > 0 ? PROVED_COMPLETE : provedByAnother().reason }),
    nothingToDo,
    ...(withoutRows.length > 0 ? { withoutRows } : {}),
    ...(all.some((report) => report.proofMs !== undefined) ? { proofMs } : {}),
    updated,
    batches: total((report) => report.batches),
    durationMs,
    rowsPerSecond: durationMs > 0 ? Math.round((updated / durationMs) * 1000) : 0,
  };
}
