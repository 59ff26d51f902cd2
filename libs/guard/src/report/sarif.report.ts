import { pathToFileURL } from 'node:url';
import type { JudgedFinding, Outcome } from '../check/outcome.js';
import type { Region } from '../judge/finding.types.js';
import { REMEDIES } from '../rules/remedies.js';
import { isNoteRule, RULES, type RuleId, type Severity } from '../rules/rule.types.js';
import { elsewhereLabel } from './elsewhere.label.js';
import { shownPath } from './paths.js';

const LEVEL = { HIGH: 'error', MEDIUM: 'error', LOW: 'warning' } as const satisfies Record<Severity, string>;

/** The report as SARIF 2.1.0 (OASIS), the format of GitHub's code scanning. */
export function sarifReport(outcome: Outcome, version: string): string {
  const log = {
    $schema: 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: { name: 'nestjs-backfill', semanticVersion: version, rules: RULES.map(describeRule) },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { SRCROOT: { uri: `${pathToFileURL(process.cwd()).href}/` } },
        invocations: [
          {
            executionSuccessful: outcome.problems.length === 0,
            toolExecutionNotifications: outcome.problems.map((problem) => ({
              level: 'error',
              message: { text: problem.problem },
              locations: [
                {
                  physicalLocation: {
                    artifactLocation: artifact(problem.file),
                    ...(problem.line === undefined
                      ? {}
                      : { region: { startLine: problem.line, startColumn: problem.column ?? 1 } }),
                  },
                },
              ],
            })),
          },
        ],
        results: outcome.findings.map(toResult),
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function describeRule(id: RuleId): object {
  const { title, danger, steps, instead } = REMEDIES[id];
  const list = steps.map((step, index) => `${String(index + 1)}. ${step}`).join('\n');
  return {
    id,
    shortDescription: { text: title },
    fullDescription: { text: danger },
    help: {
      text: `${danger}\n\n${list}\n\n${instead}`,
      markdown: `${danger}\n\n${list}\n\n\`\`\`ts\n${instead}\n\`\`\``,
    },
    defaultConfiguration: { level: isNoteRule(id) ? 'note' : 'error' },
  };
}

function toResult({ finding, subject, status, suppression }: JudgedFinding): object {
  const suppressions =
    status === 'suppressed'
      ? [{ kind: 'inSource', justification: suppression?.reason ?? '' }]
      : status === 'grandfathered'
        ? [{ kind: 'external', justification: 'the finding is in the baseline' }]
        : [];
  return {
    ruleId: finding.rule,
    ruleIndex: RULES.indexOf(finding.rule),
    level: status === 'note' ? 'note' : LEVEL[finding.severity],
    message: { text: `${finding.message} (${finding.severity}: ${finding.reason})` },
    locations: [
      { physicalLocation: { artifactLocation: artifact(subject.file), region: toRegion(finding.region) } },
    ],
    ...(finding.elsewhere
      ? {
          relatedLocations: [
            {
              message: { text: `${elsewhereLabel(finding.rule)} here` },
              physicalLocation: {
                artifactLocation: artifact(finding.elsewhere.file),
                region: toRegion(finding.elsewhere),
              },
            },
          ],
        }
      : {}),
    partialFingerprints: { 'statement/v1': finding.fingerprint },
    suppressions,
    properties: {
      severity: finding.severity,
      ...(finding.direction ? { direction: finding.direction } : {}),
      ...(finding.table === undefined ? {} : { table: finding.table }),
    },
  };
}

function artifact(file: string): object {
  const path = shownPath(file);
  return path.startsWith('/')
    ? { uri: pathToFileURL(path).href }
    : { uri: encodeURI(path), uriBaseId: 'SRCROOT' };
}

function toRegion({ line, column, endLine, endColumn }: Region): object {
  return {
    startLine: line,
    startColumn: column,
    endLine,
    endColumn: endLine === line ? Math.max(endColumn, column) : endColumn,
  };
}
