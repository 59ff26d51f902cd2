import type { OneShotReport } from './one-shot.report.js';

/** The exit codes of a one-shot run. Work that is left is only a warning: it does not stop a deployment. */
export const EXIT_CODES = {
  /** Done, or stopped with work left. */
  ok: 0,
  /** The migrations failed: the new version must not start. */
  migration: 1,
  /** Wrong arguments or configuration: nothing was run. */
  usage: 2,
  /** Only with `--strict`: work is left or has failed. */
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
