import type { PhaseOutcome } from '../backfills/report/report.js';

/** What a one-shot run tells the shell. Work that is left is a warning: it never stops a deployment by itself. */
export const EXIT_CODES = {
  /** Done, or stopped with work left. */
  ok: 0,
  /** Wrong arguments or configuration: nothing was run. */
  usage: 2,
  /** With `--strict` only: incomplete or failed. */
  strict: 3,
} as const;
export type ExitCode = (typeof EXIT_CODES)[keyof typeof EXIT_CODES];

export function exitCodeOf(outcome: PhaseOutcome, strict: boolean): ExitCode {
  const done = outcome === 'complete' || outcome === 'nothing-to-do';
  return done || !strict ? EXIT_CODES.ok : EXIT_CODES.strict;
}
