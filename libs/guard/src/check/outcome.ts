import { dirname, relative, resolve, sep } from 'node:path';
import type { Baseline, BaselineEntry } from '../baseline/baseline.types.js';
import type { Finding } from '../judge/finding.types.js';
import { isRuleId } from '../rules/rule.types.js';
import type { CheckReport, FileProblem, MigrationReport, Suppression } from './check.types.js';

/**
 * - `new`: fails the check
 * - `grandfathered`: in the baseline
 * - `suppressed`: by a comment with a reason
 * - `note`: fails nothing
 */
export type FindingStatus = 'new' | 'grandfathered' | 'suppressed' | 'note';

export interface JudgedFinding {
  readonly migration: MigrationReport;
  readonly finding: Finding;
  readonly status: FindingStatus;
  readonly suppression?: Suppression;
}

export interface SuppressionProblem {
  readonly suppression: Suppression;
  /**
   * - `no-reason`: nothing is said behind the colon
   * - `wildcard`: it names `*`, `all` or no rule: a wall has no such door
   * - `unknown-rule`: no rule has this name
   * - `unused`: it matches nothing
   */
  readonly problem: 'no-reason' | 'wildcard' | 'unknown-rule' | 'unused';
}

/** What the check says, once the baseline and the comments are taken into account. */
export interface Outcome {
  readonly report: CheckReport;
  readonly findings: readonly JudgedFinding[];
  readonly suppressionProblems: readonly SuppressionProblem[];
  /** Entries of the baseline whose statement is gone. */
  readonly stale: readonly BaselineEntry[];
  readonly baseline?: Baseline;
  readonly problems: readonly FileProblem[];
}

/** @param baselineFile absolute path; its folder is what the entries' paths start from */
export function judgeOutcome(
  report: CheckReport,
  baseline: Baseline | undefined,
  baselineFile: string,
): Outcome {
  const remaining = [...(baseline?.entries ?? [])];
  const used = new Set<Suppression>();
  const findings = report.migrations.flatMap((migration) =>
    allFindings(migration).map((finding): JudgedFinding => {
      const suppression = suppressionOf(finding, migration.suppressions);
      if (suppression) {
        used.add(suppression);
        return { migration, finding, status: 'suppressed', suppression };
      }
      if (finding.rule === 'backfill-comment') return { migration, finding, status: 'note' };
      const file = pathBelow(baselineFile, migration.file);
      const index = remaining.findIndex(
        (entry) =>
          entry.rule === finding.rule &&
          entry.file === file &&
          entry.fingerprint === finding.fingerprint &&
          (entry.direction ?? '') === (finding.direction ?? ''),
      );
      if (index < 0) return { migration, finding, status: 'new' };
      remaining.splice(index, 1);
      return { migration, finding, status: 'grandfathered' };
    }),
  );
  const outcome = {
    report,
    findings,
    suppressionProblems: suppressionProblems(report, used),
    stale: remaining.filter((entry) => report.covers(resolve(dirname(baselineFile), entry.file))),
    problems: report.problems,
  };
  return baseline ? { ...outcome, baseline } : outcome;
}

export function allFindings(migration: MigrationReport): readonly Finding[] {
  return [...migration.directions.flatMap(({ findings }) => findings), ...migration.notes];
}

/** Entries for all findings that would fail the check. */
export function baselineEntries(report: CheckReport, baselineFile: string): readonly BaselineEntry[] {
  return judgeOutcome(report, undefined, baselineFile)
    .findings.filter(({ status }) => status === 'new')
    .map(({ migration, finding }) => ({
      rule: finding.rule,
      file: pathBelow(baselineFile, migration.file),
      fingerprint: finding.fingerprint,
      ...(finding.direction ? { direction: finding.direction } : {}),
      severity: finding.severity,
      ...(finding.table === undefined ? {} : { table: finding.table }),
      statement: shortened(finding.statement),
    }));
}

const SHOWN = 120;

export function shortened(statement: string, length = SHOWN): string {
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
  return report.migrations
    .flatMap(({ suppressions }) => suppressions)
    .filter((suppression) => {
      const key = `${suppression.file}:${String(suppression.line)}`;
      // Several migrations of one file share its comments.
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
