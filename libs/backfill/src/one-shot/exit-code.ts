import type { OneShotReport } from '../deploy/deploy.report.js';

/** What a one-shot run tells the shell. Work that is left is a warning: it never stops a deployment by itself. */
export const EXIT_CODES = {
  /** Done, or stopped with work left. */
  ok: 0,
  /** The migrations did not succeed: the new version must not start. */
  migration: 1,
  /** Wrong arguments or configuration: nothing was run. */
  usage: 2,
  /** With `--strict` only: anything is left or has failed. */
  strict: 3,
} as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

const DONE: ReadonlySet<string> = new Set(['complete', 'done', 'nothing-to-do']);

export function exitCodeOf(report: OneShotReport, strict: boolean): ExitCode {
  if (migrationsFailed(report)) return EXIT_CODES.migration;
  return DONE.has(report.outcome) || !strict ? EXIT_CODES.ok : EXIT_CODES.strict;
}

function migrationsFailed(report: OneShotReport): boolean {
  const migrate =
    report.phase === 'migrate' ? report : report.phase === 'deploy' ? report.migrate : undefined;
  return migrate?.outcome === 'failed';
}
