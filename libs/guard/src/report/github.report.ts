import { type JudgedFinding, type Outcome, shortened } from '../check/outcome.js';
import { REMEDIES } from '../rules/remedies.js';
import { SEVERITIES } from '../rules/rule.types.js';
import { suppressionSentence } from './suppression.sentence.js';
import { shownPath } from './paths.js';
import { plural } from './summary.js';

/**
 * Workflow commands of GitHub Actions: the pull request shows the findings at their lines. GitHub shows ten
 * errors of a step, so each file has one annotation, at its worst finding, which lists the others.
 */
export function githubReport(outcome: Outcome): string {
  const lines = [
    ...byFile(outcome.findings).map(annotation),
    ...outcome.problems.map(
      ({ file, problem, line }) =>
        `::error file=${property(shownPath(file))}${line === undefined ? '' : `,line=${String(line)}`},title=nestjs-backfill::${data(`could not be checked: ${problem}`)}`,
    ),
    ...outcome.suppressionProblems.map(
      (problem) =>
        `::warning file=${property(shownPath(problem.suppression.file))},line=${String(problem.suppression.line)},title=nestjs-backfill::${data(suppressionSentence(problem))}`,
    ),
  ];
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

/** The findings of one file, the worst first. */
type FileFindings = readonly [worst: JudgedFinding, ...others: JudgedFinding[]];

/** The files with the worst findings first: GitHub leaves out the last ones. */
function byFile(findings: readonly JudgedFinding[]): readonly FileFindings[] {
  const files = new Map<string, [JudgedFinding, ...JudgedFinding[]]>();
  const shown = findings.filter(({ status }) => status === 'new' || status === 'note');
  for (const item of shown.toSorted((a, b) => rank(a) - rank(b))) {
    const known = files.get(item.subject.file);
    if (known) known.push(item);
    else files.set(item.subject.file, [item]);
  }
  return [...files.values()];
}

/** Violations by severity, then notes. */
function rank({ finding, status }: JudgedFinding): number {
  return status === 'note' ? SEVERITIES.length : SEVERITIES.indexOf(finding.severity);
}

const MAX_OTHERS = 20;

function annotation([worst, ...others]: FileFindings): string {
  const { finding, subject, status } = worst;
  const level = status === 'note' ? 'notice' : finding.severity === 'LOW' ? 'warning' : 'error';
  const { line, endLine, column } = finding.region;
  const place = `file=${property(shownPath(subject.file))},line=${String(line)},endLine=${String(endLine)},col=${String(column)}`;
  const count = others.length === 0 ? '' : ` and ${plural(others.length, 'other finding')}`;
  const text = [
    `${finding.message} (${finding.severity}: ${finding.reason})`,
    shortened(finding.statement),
    REMEDIES[finding.rule].steps.join(' '),
    ...others.slice(0, MAX_OTHERS).map(otherLine),
    ...(others.length > MAX_OTHERS ? [`and ${String(others.length - MAX_OTHERS)} more`] : []),
  ];
  return `::${level} ${place},title=${property(`nestjs-backfill ${finding.rule}${count}`)}::${data(text.join('\n'))}`;
}

function otherLine({ finding: { region, severity, rule, message } }: JudgedFinding): string {
  return `line ${String(region.line)}: ${severity} ${rule}: ${message}`;
}

function data(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function property(text: string): string {
  return data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
