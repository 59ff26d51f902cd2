import type { DashboardAction } from '../options/dashboard.options.js';

/** The actions that change something. */
export const STEERING_ACTIONS = [
  'pause',
  'resume',
  'set',
  'retry',
  'run',
  'cancel',
] as const satisfies readonly DashboardAction[];
export type SteeringAction = (typeof STEERING_ACTIONS)[number];

/** The actions that run batches of a backfill and roll them back. */
export const REHEARSALS = ['plan', 'rows'] as const satisfies readonly DashboardAction[];
export type Rehearsal = (typeof REHEARSALS)[number];

export function isSteering(action: string): action is SteeringAction {
  return (STEERING_ACTIONS as readonly string[]).includes(action);
}

/** The settings that `set` takes. */
export const SETTING_NAMES = ['batchSize', 'pause', 'workers', 'maxWorkers'] as const;

/** The actions that one person takes, by the state of the backfill. Without a row in quarantine there is nothing to retry. */
export function offeredActions({
  status,
  quarantined,
}: {
  readonly status: string;
  readonly quarantined: number;
}): readonly SteeringAction[] {
  return actionsOf(status).filter((action) => action !== 'retry' || quarantined > 0);
}

function actionsOf(status: string): readonly SteeringAction[] {
  switch (status) {
    case 'paused':
    case 'cancelled':
      return ['resume', 'set', ...(status === 'paused' ? (['cancel'] as const) : [])];
    case 'complete':
      return ['run', 'set'];
    case 'failed':
      return ['retry', 'run', 'set', 'cancel'];
    default:
      return ['pause', 'run', 'retry', 'set', 'cancel'];
  }
}
