import type { BackfillStatus } from 'nestjs-backfill';
import type { BackfillOverview } from 'nestjs-backfill/operate';
import type { Content } from '../html.js';
import { cancelledState } from './cancelled.view.js';
import { completeState } from './complete.view.js';
import { failedState } from './failed.view.js';
import { incompleteState } from './incomplete.view.js';
import { pausedState } from './paused.view.js';
import { pendingState } from './pending.view.js';
import { runningState } from './running.view.js';
import type { StateView } from './state.js';

const STATES = {
  pending: pendingState,
  running: runningState,
  complete: completeState,
  incomplete: incompleteState,
  paused: pausedState,
  cancelled: cancelledState,
  failed: failedState,
} as const satisfies Record<BackfillStatus, StateView>;

export function stateView(backfill: BackfillOverview): Content {
  return STATES[backfill.status](backfill);
}
