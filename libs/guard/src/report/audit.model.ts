import { type JudgedFinding, type Outcome, shortened } from '../check/outcome.js';
import { isDataRule, SEVERITIES, type Severity } from '../rules/rule.types.js';
import { shownPath } from './paths.js';
import { dataChanges, plural } from './summary.js';

/** The data of the audit. The Markdown and HTML reports only format it. */
export interface Audit {
  readonly headline: string;
  readonly migrations: number;
  readonly affected: number;
  readonly severities: readonly Count[];
  readonly kinds: readonly Count[];
  readonly tables: readonly Count[];
  readonly burnDown?: { readonly initial: number; readonly remaining: number; readonly stale: number };
  readonly rows: readonly AuditRow[];
  /** Findings that the guard cannot decide. */
  readonly open: readonly AuditRow[];
  readonly problems: readonly string[];
}

export interface Count {
  readonly name: string;
  readonly count: number;
}

export interface AuditRow {
  readonly file: string;
  readonly line: number;
  readonly direction: string;
  readonly severity: Severity;
  readonly rule: string;
  readonly table: string;
  readonly message: string;
  readonly reason: string;
  readonly statement: string;
  readonly status: JudgedFinding['status'];
  /** The command that moves a data change of `up` into a backfill. */
  readonly extract?: string;
}

export function auditOf(outcome: Outcome): Audit {
  const changes = dataChanges(outcome);
  const affected = new Set(changes.map(({ subject }) => subject)).size;
  const rows = changes
    .map(toRow)
    .sort((a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity));
  const { baseline, report } = outcome;
  return {
    headline: headline(report.migrations.length, affected),
    migrations: report.migrations.length,
    affected,
    severities: SEVERITIES.map((name) => ({
      name,
      count: changes.filter(({ finding }) => finding.severity === name).length,
    })),
    kinds: counted(changes.map(({ finding }) => finding.rule)),
    tables: counted(changes.map(({ finding }) => finding.table ?? 'unknown')),
    ...(baseline
      ? {
          burnDown: {
            initial: baseline.initial,
            remaining: baseline.entries.length - outcome.stale.length,
            stale: outcome.stale.length,
          },
        }
      : {}),
    rows,
    open: outcome.findings
      .filter(({ finding, status }) => finding.rule === 'cannot-decide' && status !== 'suppressed')
      .map(toRow),
    problems: outcome.problems.map(({ file, problem }) => `${shownPath(file)}: ${problem}`),
  };
}

function headline(migrations: number, affected: number): string {
  const verb = affected === 1 ? 'changes' : 'change';
  return `${String(affected)} of ${plural(migrations, 'migration')} ${verb} rows`;
}

function toRow(item: JudgedFinding): AuditRow {
  const { finding, subject, status } = item;
  const isMovable = isDataRule(finding.rule) && finding.direction === 'up';
  return {
    file: shownPath(subject.file),
    line: finding.region.line,
    direction: finding.direction ?? '',
    severity: finding.severity,
    rule: finding.rule,
    table: finding.table ?? '',
    message: finding.message,
    reason: finding.reason,
    statement: shortened(finding.statement, 400),
    status,
    ...(isMovable ? { extract: `npx nestjs-backfill-guard extract ${shownPath(subject.file)}` } : {}),
  };
}

function counted(names: readonly string[]): readonly Count[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return [...counts]
    .map(([name, count]) => ({ name, count }))
    .sort((a, b) => b.count - a.count || (a.name < b.name ? -1 : 1));
}
