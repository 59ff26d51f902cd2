import { LOCK_RULES, type LockRule } from 'nestjs-backfill-sql';

/**
 * The severities, the worst first.
 *
 * @publicApi
 */
export const SEVERITIES = ['HIGH', 'MEDIUM', 'LOW'] as const;
/** One of `SEVERITIES`. @publicApi */
export type Severity = (typeof SEVERITIES)[number];

/**
 * The rules for changes of rows.
 *
 * @publicApi
 */
export const DATA_RULES = [
  'update',
  'insert',
  'insert-select',
  'delete',
  'merge',
  'copy',
  'truncate',
  'create-table-as',
  'select-into',
  'large-object',
  'orm-write',
  'query-builder-write',
  'row-loop',
  'do-block-dml',
  'function-call-dml',
  'helper-dml',
] as const;
/** One of `DATA_RULES`. @publicApi */
export type DataRule = (typeof DATA_RULES)[number];

/** The rules for the migration itself. They do not change its verdict. */
export const FORM_RULES = ['not-schema-migration', 'backfill-comment'] as const;
export type FormRule = (typeof FORM_RULES)[number];

/** The rule for code that the guard cannot decide. */
export const OPEN_RULES = ['cannot-decide'] as const;
export type OpenRule = (typeof OPEN_RULES)[number];

/** The rules of the check of `timeline`: entities and backfills, against the columns of the migrations. */
export const TIMELINE_RULES = ['column-not-added', 'column-dropped', 'column-undecided'] as const;
export type TimelineRule = (typeof TIMELINE_RULES)[number];

/**
 * All rules.
 *
 * @publicApi
 */
export const RULES = [...DATA_RULES, ...LOCK_RULES, ...OPEN_RULES, ...FORM_RULES, ...TIMELINE_RULES] as const;
/** One of `RULES`. @publicApi */
export type RuleId = (typeof RULES)[number];

export function isDataRule(rule: RuleId): rule is DataRule {
  return (DATA_RULES as readonly string[]).includes(rule);
}

export function isLockRule(rule: RuleId): rule is LockRule {
  return (LOCK_RULES as readonly string[]).includes(rule);
}

export function isTimelineRule(rule: RuleId): rule is TimelineRule {
  return (TIMELINE_RULES as readonly string[]).includes(rule);
}

/** Notes do not fail the check. */
export function isNoteRule(rule: RuleId): boolean {
  return rule === 'backfill-comment' || rule === 'column-undecided';
}

export function isRuleId(name: string): name is RuleId {
  return (RULES as readonly string[]).includes(name);
}
