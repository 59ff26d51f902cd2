import type { Outcome } from '../check/outcome.js';
import type { Finding } from '../judge/finding.types.js';
import { isDataRule, isTimelineRule, SEVERITIES, type Severity } from '../rules/rule.types.js';
import { shownPath } from './paths.js';
import { summaryOf } from './summary.js';

/** The report for programs. Paths are relative to the working directory. */
export function jsonReport(outcome: Outcome): string {
  const report = {
    format: 1,
    summary: summaryOf(outcome),
    migrations: outcome.report.migrations.map((migration) => ({
      file: shownPath(migration.file),
      name: migration.name,
      verdicts: Object.fromEntries(
        migration.directions.map(({ direction, verdict }) => [direction, verdict]),
      ),
      severities: Object.fromEntries(
        migration.directions.flatMap(({ direction, findings }) => {
          const worst = worstDataChange(findings);
          return worst ? [[direction, worst]] : [];
        }),
      ),
    })),
    findings: outcome.findings.map(({ finding, subject, status, suppression }) => ({
      rule: finding.rule,
      severity: finding.severity,
      status,
      file: shownPath(subject.file),
      ...(isTimelineRule(finding.rule) ? { subject: subject.name } : { migration: subject.name }),
      ...(finding.direction ? { direction: finding.direction } : {}),
      line: finding.region.line,
      column: finding.region.column,
      endLine: finding.region.endLine,
      endColumn: finding.region.endColumn,
      message: finding.message,
      reason: finding.reason,
      ...(finding.table === undefined ? {} : { table: finding.table }),
      statement: finding.statement,
      fingerprint: finding.fingerprint,
      ...(finding.elsewhere
        ? {
            writtenIn: {
              file: shownPath(finding.elsewhere.file),
              line: finding.elsewhere.line,
              column: finding.elsewhere.column,
            },
          }
        : {}),
      ...(suppression ? { suppressedBecause: suppression.reason } : {}),
    })),
    ...(outcome.report.timeline
      ? {
          timeline: {
            entities: outcome.report.timeline.entities,
            columns: outcome.report.timeline.columns,
            backfills: outcome.report.timeline.backfills,
          },
        }
      : {}),
    problems: outcome.problems.map((problem) => ({ ...problem, file: shownPath(problem.file) })),
    comments: outcome.suppressionProblems.map(({ suppression, problem }) => ({
      file: shownPath(suppression.file),
      line: suppression.line,
      rule: suppression.rule,
      problem,
    })),
    stale: outcome.stale,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}

/** The severity of the worst data change; locks and undecided code do not count. */
function worstDataChange(findings: readonly Finding[]): Severity | undefined {
  const found = new Set(findings.filter(({ rule }) => isDataRule(rule)).map(({ severity }) => severity));
  return SEVERITIES.find((severity) => found.has(severity));
}
