import type { RunOutcome } from '../outcome/run-outcome.js';
import type { RunContext } from './run.context.js';
import type { LoopMemory, RunState, RunStateName } from './run.states.js';
import { planSweep } from './states/plan-sweep.state.js';
import { prove } from './states/prove.state.js';
import { takeRange } from './states/take-range.state.js';
import { waitForOthers } from './states/wait-for-others.state.js';
import { processRanges } from './states/process-ranges.state.js';

const STATES: { readonly [Name in RunStateName]: RunState<Name> } = {
  takeRange,
  processRanges,
  waitForOthers,
  prove,
  planSweep,
};

/** Runs the state machine of `RUN_TRANSITIONS` to its end. */
export async function runLoop(run: RunContext, memory: LoopMemory): Promise<RunOutcome> {
  let next: RunStateName | RunOutcome = 'takeRange';
  while (typeof next === 'string') next = await STATES[next](run, memory);
  return next;
}
