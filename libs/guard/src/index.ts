export { checkFiles } from './check/check-files.js';
export { DML_HELPERS } from './check/dml-helpers.js';
export { MAX_FILE_BYTES } from './check/migration-file.reader.js';
export type {
  CheckOptions,
  CheckReport,
  CheckTiming,
  DirectionReport,
  FileProblem,
  MigrationReport,
  Subject,
  SubjectReport,
  Suppression,
  TimelineReport,
} from './check/check.types.js';
export type { Direction, Finding, LockDetails, Region, Verdict } from './judge/finding.types.js';
export type { DataRule, RuleId, Severity } from './rules/rule.types.js';
export { REMEDIES } from './rules/remedies.js';
export type { Remedy } from './rules/remedies/remedy.types.js';
export { DATA_RULES, RULES, SEVERITIES } from './rules/rule.types.js';
export { rulePages } from './rules/rule-page.js';
export { BASELINE_FORMAT, type Baseline, type BaselineEntry } from './baseline/baseline.types.js';
export { readBaseline, writeBaseline, DEFAULT_BASELINE } from './baseline/baseline.file.js';
export { judgeOutcome, type FindingStatus, type JudgedFinding, type Outcome } from './check/outcome.js';
export type { TableGrowth, TableSizes } from './judge/severity/table-growth.js';
export {
  BaselineError,
  GuardError,
  GuardUsageError,
  NoMigrationsError,
  OptionFileError,
  OutputFileError,
  PathNotFoundError,
  UnreadableFileError,
} from './guard.error.js';
