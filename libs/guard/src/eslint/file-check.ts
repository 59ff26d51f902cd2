import type { StatementClassifier } from 'nestjs-backfill-sql';
import type { SqlParser } from 'nestjs-backfill-sql/tree';
import { resolve } from 'node:path';
import { DEFAULT_BASELINE, readBaseline } from '../baseline/baseline.file.js';
import type { MigrationReport } from '../check/check.types.js';
import { MigrationChecker } from '../check/migration.checker.js';
import { judgeOutcome } from '../check/outcome.js';
import type { Finding } from '../judge/finding.types.js';
import { shownPath } from '../report/paths.js';
import { isDataRule } from '../rules/rule.types.js';
import { movedMigration, type MovedMigration } from './moved-migration.js';

/** What the rules report of one file. A worker thread sends it, so it is plain data. */
export interface CheckedFile {
  readonly findings: readonly Finding[];
  /** Undefined if no data change can move into a backfill. */
  readonly moved: MovedMigration | undefined;
}

/** What the ESLint configuration sets. */
export interface FileCheckSettings {
  /** The oldest major version of PostgreSQL that runs the migrations. */
  readonly postgres?: number;
}

/** Checks the text of a file. ESLint runs rules synchronously. */
export type FileCheck = (file: string, text: string, settings: FileCheckSettings) => CheckedFile;

const NO_TIMING = { files: 1, totalMs: 0, readMs: 0, parseMs: 0, evaluateMs: 0, sqlMs: 0 } as const;

export function fileCheck(classifier: StatementClassifier, parser: SqlParser): FileCheck {
  return (file, text, settings) => {
    const checked = new MigrationChecker(classifier, { paths: [file], ...settings }).checkText(file, text);
    const migrations = checked.filter((migration) => migration.file === file);
    const report = { covers: (path: string) => path === file, migrations, problems: [], timing: NO_TIMING };
    const baselineFile = resolve(DEFAULT_BASELINE);
    const findings = judgeOutcome(report, readBaseline(baselineFile), baselineFile)
      .findings.filter(({ status }) => status === 'new' || status === 'note')
      .map(({ finding }) => finding);
    // A file with data changes is rare, so it may cost the search for entities.
    const isMovable = findings.some(({ rule, direction }) => isDataRule(rule) && direction === 'up');
    const others = checked.filter((migration) => migration.file !== file).flatMap(inOtherFile);
    return {
      findings: [...findings, ...others],
      moved: isMovable ? movedMigration(report, text, parser) : undefined,
    };
  };
}

/** A finding of a migration that the file exports again: ESLint reports about the open file only. */
function inOtherFile({ file, name, directions }: MigrationReport): readonly Finding[] {
  const [finding] = directions.flatMap(({ findings }) => findings);
  if (!finding) return [];
  const region = { ...finding.region, start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };
  const message = `${name}, which this file exports again: ${finding.message} (${shownPath(file)}:${String(finding.line)})`;
  return [{ ...finding, region, line: 1, message }];
}

/** ESLint runs all rules on one file, which is then checked once. */
export function rememberingLast(check: FileCheck): FileCheck {
  let last: { readonly key: string; readonly checked: CheckedFile } | undefined;
  return (file, text, settings) => {
    const key = JSON.stringify([file, settings, text]);
    if (last?.key !== key) last = { key, checked: check(file, text, settings) };
    return last.checked;
  };
}
