/**
 * The phases of a deployment that one-shot mode can run, in the order in which they run.
 * The flag of a phase opens one-shot mode.
 */
export const PHASES = {
  backfill: { flag: 'backfill', describe: 'run the backfills: all of them, or those named' },
} as const;

export type Phase = keyof typeof PHASES;

export const PHASE_NAMES = Object.keys(PHASES) as Phase[];

/** What a one-shot run does with its phases. */
export type OneShotAction = 'run' | 'plan' | 'status' | 'help';
