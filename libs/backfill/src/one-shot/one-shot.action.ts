/** What a one-shot run does. */
export type OneShotAction = 'run' | InspectionAction | 'control' | 'housekeeping' | 'help' | 'completion';

/** The actions that only read. */
export type InspectionAction = 'plan' | 'status';

export function isInspection(action: OneShotAction): action is InspectionAction {
  return action === 'plan' || action === 'status';
}
