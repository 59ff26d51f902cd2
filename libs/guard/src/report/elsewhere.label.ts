import { isTimelineRule, type RuleId } from '../rules/rule.types.js';

/** What a finding's second place is. */
export function elsewhereLabel(rule: RuleId): string {
  if (!isTimelineRule(rule)) return 'the statement is';
  return rule === 'column-dropped' ? 'it is used' : 'it is added';
}
