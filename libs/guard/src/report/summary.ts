import type { JudgedFinding, Outcome } from '../check/outcome.js';
import { countBySeverity } from '../baseline/baseline.file.js';
import { isDataRule, type Severity } from '../rules/rule.types.js';

export interface Summary {
  readonly migrations: number;
  readonly new: number;
  readonly grandfathered: number;
  readonly suppressed: number;
  readonly cannotDecide: number;
  readonly problems: number;
  readonly stale: number;
  /** New and grandfathered data changes. */
  readonly bySeverity: Readonly<Record<Severity, number>>;
}

export function summaryOf(outcome: Outcome): Summary {
  const count = (status: JudgedFinding['status']): number =>
    outcome.findings.filter((item) => item.status === status).length;
  return {
    migrations: outcome.report.migrations.length,
    new: count('new'),
    grandfathered: count('grandfathered'),
    suppressed: count('suppressed'),
    cannotDecide: outcome.findings.filter(
      ({ finding, status }) => finding.rule === 'cannot-decide' && status === 'new',
    ).length,
    problems: outcome.problems.length,
    stale: outcome.stale.length,
    bySeverity: countBySeverity(dataChanges(outcome).map(({ finding }) => finding)),
  };
}

/** New and grandfathered changes of rows. */
export function dataChanges(outcome: Outcome): readonly JudgedFinding[] {
  return outcome.findings.filter(
    ({ finding, status }) => isDataRule(finding.rule) && (status === 'new' || status === 'grandfathered'),
  );
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${String(count)} ${count === 1 ? one : many}`;
}
