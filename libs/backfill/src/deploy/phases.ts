/**
 * The phases of a deployment that one-shot mode can run, in the order in which they run.
 * The flag of a phase opens one-shot mode.
 */
export const PHASES = {
  migrate: { flag: 'migrate', describe: 'run the schema migrations; one that fails stops the deployment' },
  indexes: { flag: 'indexes', describe: 'build the declared indexes that are missing, concurrently' },
  backfill: { flag: 'backfill', describe: 'run the backfills: all of them, or those named' },
} as const;

export type Phase = keyof typeof PHASES;

export const PHASE_NAMES = Object.keys(PHASES) as Phase[];

/** The flag that stands for all phases. */
export const DEPLOY_FLAG = 'deploy';

/** What a one-shot run does with its phases. */
export type OneShotAction = 'run' | LookAction | 'control' | 'help';

/** What changes nothing. */
export type LookAction = 'plan' | 'status';

export function isLook(action: OneShotAction): action is LookAction {
  return action === 'plan' || action === 'status';
}
