export const SEVERITIES = ['HIGH', 'MEDIUM', 'LOW'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** Rules whose finding means that the migration changes rows. */
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
export type DataRule = (typeof DATA_RULES)[number];

/** Rules about the migration itself; they change no verdict. */
export const FORM_RULES = ['not-schema-migration', 'backfill-comment'] as const;
export type FormRule = (typeof FORM_RULES)[number];

/** What could not be decided; never silently clean. */
export const OPEN_RULES = ['cannot-decide'] as const;
export type OpenRule = (typeof OPEN_RULES)[number];

export const RULES = [...DATA_RULES, ...OPEN_RULES, ...FORM_RULES] as const;
export type RuleId = (typeof RULES)[number];

export function isDataRule(rule: RuleId): rule is DataRule {
  return (DATA_RULES as readonly string[]).includes(rule);
}

export function isRuleId(name: string): name is RuleId {
  return (RULES as readonly string[]).includes(name);
}
