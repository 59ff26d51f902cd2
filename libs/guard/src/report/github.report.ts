import { type JudgedFinding, type Outcome, shortened } from '../check/outcome.js';
import { REMEDIES } from '../rules/remedies.js';
import { suppressionSentence } from './suppression.sentence.js';
import { shownPath } from './paths.js';

/** Workflow commands of GitHub Actions: the pull request shows each new finding at its line. */
export function githubReport(outcome: Outcome): string {
  const shown = outcome.findings.filter(({ status }) => status === 'new' || status === 'note');
  const lines = [
    ...shown.map(annotation),
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

function annotation({ finding, subject, status }: JudgedFinding): string {
  const level = status === 'note' ? 'notice' : finding.severity === 'LOW' ? 'warning' : 'error';
  const { line, endLine, column } = finding.region;
  const place = `file=${property(shownPath(subject.file))},line=${String(line)},endLine=${String(endLine)},col=${String(column)}`;
  const remedy = REMEDIES[finding.rule].steps.join(' ');
  const text = `${finding.message} (${finding.severity}: ${finding.reason})\n${shortened(finding.statement)}\n${remedy}`;
  return `::${level} ${place},title=${property(`nestjs-backfill ${finding.rule}`)}::${data(text)}`;
}

function data(text: string): string {
  return text.replace(/%/g, '%25').replace(/\r/g, '%0D').replace(/\n/g, '%0A');
}

function property(text: string): string {
  return data(text).replace(/:/g, '%3A').replace(/,/g, '%2C');
}
