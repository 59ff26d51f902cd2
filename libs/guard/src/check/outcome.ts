import { dirname, relative, resolve, sep } from 'node:path';
import type { Baseline, BaselineEntry } from '../baseline/baseline.types.js';
import type { Finding } from '../judge/finding.types.js';
import { isNoteRule, isRuleId, isTimelineRule } from '../rules/rule.types.js';
import type { CheckReport, FileProblem, MigrationReport, Subject, Suppression } from './check.types.js';

/**
 * - `new`: fails the check
 * - `grandfathered`: is in the baseline
 * - `suppressed`: a comment with a reason suppresses it
 * - `note`: does not fail the check
 *
 * @publicApi
 */
export type FindingStatus = 'new' | 'grandfathered' | 'suppressed' | 'note';

/**
 * A finding and its status in the check.
 *
 * @publicApi
 */
export interface JudgedFinding {
  readonly subject: Subject;
  readonly finding: Finding;
  readonly status: FindingStatus;
  readonly suppression?: Suppression;
}

export interface SuppressionProblem {
  readonly suppression: Suppression;
  /**
   * - `no-reason`: it gives no reason after the colon
   * - `wildcard`: it names `*`, `all` or no rule, which would suppress later data changes too
   * - `unknown-rule`: no rule has this name
   * - `unused`: no finding matches it
   */
  readonly problem: 'no-reason' | 'wildcard' | 'unknown-rule' | 'unused';
}

/**
 * The result of a check after the baseline and the comments are applied.
 *
 * @publicApi
 */
export interface Outcome {
  readonly report: CheckReport;
  readonly findings: readonly JudgedFinding[];
  readonly suppressionProblems: readonly SuppressionProblem[];
  /** Entries of the baseline that no finding matches any more. */
  readonly stale: readonly BaselineEntry[];
  readonly baseline?: Baseline;
  readonly problems: readonly FileProblem[];
}

/**
 * Applies the baseline and the comments to the findings of a check.
 *
 * @param baselineFile absolute path; the paths of the entries are relative to its folder
 * @publicApi
 */
export function judgeOutcome(
  report: CheckReport,
  baseline: Baseline | undefined,
  baselineFile: string,
): Outcome {
  const remaining = [...(baseline?.entries ?? [])];
  const used = new Set<Suppression>();
  const findings = subjectsOf(report).flatMap(({ subject, findings }) =>
    findings.map((finding): JudgedFinding => {
      const suppression = suppressionOf(finding, subject.suppressions);
      if (suppression) {
        used.add(suppression);
        return { subject, finding, status: 'suppressed', suppression };
      }
      if (isNoteRule(finding.rule)) return { subject, finding, status: 'note' };
      const file = pathBelow(baselineFile, subject.file);
      const index = remaining.findIndex(
        (entry) =>
          entry.rule === finding.rule &&
          entry.file === file &&
          entry.fingerprint === finding.fingerprint &&
          (entry.direction ?? '') === (finding.direction ?? ''),
      );
      if (index < 0) return { subject, finding, status: 'new' };
      remaining.splice(index, 1);
      return { subject, finding, status: 'grandfathered' };
    }),
  );
  const outcome = {
    report,
    findings,
    suppressionProblems: suppressionProblems(report, used),
    stale: remaining.filter((entry) => isChecked(report, entry, baselineFile)),
    problems: report.problems,
  };
  return baseline ? { ...outcome, baseline } : outcome;
}

/** Whether the check would have found the violation of a baseline's entry if it were still there. */
export function isChecked(
  { covers, timeline }: Pick<CheckReport, 'covers' | 'timeline'>,
  { rule, file }: Pick<BaselineEntry, 'rule' | 'file'>,
  baselineFile: string,
): boolean {
  if (isTimelineRule(rule)) return timeline !== undefined;
  return covers(resolve(dirname(baselineFile), file));
}

interface SubjectFindings {
  readonly subject: Subject;
  readonly findings: readonly Finding[];
}

function subjectsOf({ migrations, timeline }: CheckReport): readonly SubjectFindings[] {
  return [
    ...migrations.map((migration) => ({ subject: migration, findings: allFindings(migration) })),
    ...(timeline?.subjects ?? []).map((report) => ({ subject: report, findings: report.findings })),
  ];
}

export function allFindings(migration: MigrationReport): readonly Finding[] {
  return [...migration.directions.flatMap(({ findings }) => findings), ...migration.notes];
}

/** Baseline entries for all findings that fail the check. */
export function baselineEntries(report: CheckReport, baselineFile: string): readonly BaselineEntry[] {
  return judgeOutcome(report, undefined, baselineFile)
    .findings.filter(({ status }) => status === 'new')
    .map(({ subject, finding }) => ({
      rule: finding.rule,
      file: pathBelow(baselineFile, subject.file),
      fingerprint: finding.fingerprint,
      ...(finding.direction ? { direction: finding.direction } : {}),
      severity: finding.severity,
      ...(finding.table === undefined ? {} : { table: finding.table }),
      statement: shortened(finding.statement),
    }));
}

const MAX_STATEMENT_LENGTH = 120;

export function shortened(statement: string, length = MAX_STATEMENT_LENGTH): string {
  const line = statement.replace(/\s+/g, ' ').trim();
  return line.length > length ? `${line.slice(0, length - 1)}…` : line;
}

function pathBelow(baselineFile: string, file: string): string {
  return relative(dirname(resolve(baselineFile)), resolve(file))
    .split(sep)
    .join('/');
}

function suppressionOf(finding: Finding, suppressions: readonly Suppression[]): Suppression | undefined {
  return suppressions.find(
    ({ rule, reason, codeLine, line }) =>
      reason !== '' &&
      rule === finding.rule &&
      [finding.region.line, finding.line].some((at) => at === codeLine || at === line),
  );
}

function suppressionProblems(
  report: CheckReport,
  used: ReadonlySet<Suppression>,
): readonly SuppressionProblem[] {
  const seen = new Set<string>();
  return subjectsOf(report)
    .flatMap(({ subject }) => subject.suppressions)
    .filter((suppression) => {
      // Without the timeline, its findings are missing.
      if (isRuleId(suppression.rule) && isTimelineRule(suppression.rule) && !report.timeline) return false;
      const key = `${suppression.file}:${String(suppression.line)}`;
      // The migrations of one file share its comments.
      if (seen.has(key) || [...used].some((other) => `${other.file}:${String(other.line)}` === key))
        return false;
      seen.add(key);
      return true;
    })
    .map((suppression) => ({ suppression, problem: problemWith(suppression) }));
}

function problemWith({ rule, reason }: Suppression): SuppressionProblem['problem'] {
  if (/^(?:|\*|all|any)$/i.test(rule)) return 'wildcard';
  if (!isRuleId(rule)) return 'unknown-rule';
  return reason === '' ? 'no-reason' : 'unused';
}
