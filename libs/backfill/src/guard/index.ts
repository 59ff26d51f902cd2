export { checkFiles, DML_HELPERS, MAX_FILE_BYTES } from './check/check-files.js';
export type {
  CheckOptions,
  CheckReport,
  CheckTiming,
  DirectionReport,
  FileProblem,
  MigrationReport,
  Suppression,
} from './check/check.types.js';
export type { Direction, Finding, Region, Verdict } from './judge/finding.types.js';
export type { DataRule, RuleId, Severity } from './rules/rule.types.js';
