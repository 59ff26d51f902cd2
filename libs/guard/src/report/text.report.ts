import type { CheckTiming } from '../check/check.types.js';
import { type JudgedFinding, type Outcome, shortened } from '../check/outcome.js';
import { REMEDIES } from '../rules/remedies.js';
import type { Remedy } from '../rules/remedies/remedy.types.js';
import type { RuleId, Severity } from '../rules/rule.types.js';
import { suppressionSentence } from './suppression.sentence.js';
import { elsewhereLabel } from './elsewhere.label.js';
import { painter, type Painter } from './painter.js';
import { printable, printablePath } from './terminal-text.js';
import { plural, summaryOf } from './summary.js';

export interface TextOptions {
  readonly colour: boolean;
  readonly timing: boolean;
}

/** The report for a terminal: findings by migration, and the remedy of each rule once. */
export function textReport(outcome: Outcome, { colour, timing }: TextOptions): string {
  const paint = painter({ colour });
  const lines: string[] = [];
  const { shown, crowds } = withoutCrowds(
    outcome.findings.filter(({ status }) => status === 'new' || status === 'note'),
  );
  const explained = new Set<RuleId>();
  for (const [file, items] of groups(shown)) {
    lines.push(paint.bold(printablePath(file)));
    for (const item of items) {
      lines.push(...findingLines(item, paint));
      const { rule } = item.finding;
      if (item.status === 'new' && !explained.has(rule)) {
        explained.add(rule);
        lines.push(...remedyLines(REMEDIES[rule], paint));
      }
    }
    lines.push('');
  }
  lines.push(
    ...crowds.flatMap((items) => crowdLines(items, paint)),
    ...problemLines(outcome, paint),
    ...summaryLines(outcome, paint),
  );
  if (timing) lines.push(timingLine(outcome.report.timing));
  return `${lines.join('\n')}\n`;
}

/** More findings of such a rule than this are one entry: a project that starts has hundreds. */
const MAX_ALIKE = 3;

interface Crowd {
  readonly headline: (count: number) => string;
  readonly advice: string;
}

const CROWDS: ReadonlyMap<RuleId, Crowd> = new Map<RuleId, Crowd>([
  [
    'not-schema-migration',
    {
      headline: (count) =>
        `${String(count)} migrations do not extend SchemaMigration (not-schema-migration, LOW)`,
      advice: `${REMEDIES['not-schema-migration'].title}. \`npx nestjs-backfill-guard init\` grandfathers them; new migrations extend SchemaMigration.`,
    },
  ],
  [
    'column-undecided',
    {
      headline: (count) =>
        `cannot decide for ${String(count)} entities or backfills (column-undecided, note)`,
      advice: `${REMEDIES['column-undecided'].title}. \`--format json\` lists them with their reasons.`,
    },
  ],
]);

/** Takes out the findings of which there are too many to show each. */
function withoutCrowds(items: readonly JudgedFinding[]): {
  readonly shown: readonly JudgedFinding[];
  readonly crowds: readonly (readonly JudgedFinding[])[];
} {
  const crowds = [...CROWDS.keys()]
    .map((rule) => items.filter(({ finding }) => finding.rule === rule))
    .filter(({ length }) => length > MAX_ALIKE);
  const hidden = new Set(crowds.flat());
  return { shown: items.filter((item) => !hidden.has(item)), crowds };
}

function crowdLines(items: readonly JudgedFinding[], paint: Painter): readonly string[] {
  const [first, last] = [items[0], items.at(-1)];
  const crowd = first && CROWDS.get(first.finding.rule);
  if (!crowd || !last) return [];
  return [
    paint.bold(crowd.headline(items.length)),
    `  ${printablePath(first.subject.file)} … ${printablePath(last.subject.file)}`,
    `  ${paint.dim(crowd.advice)}`,
    '',
  ];
}

function groups(items: readonly JudgedFinding[]): ReadonlyMap<string, readonly JudgedFinding[]> {
  const result = new Map<string, JudgedFinding[]>();
  for (const item of items) {
    const list = result.get(item.subject.file) ?? [];
    list.push(item);
    result.set(item.subject.file, list);
  }
  return result;
}

function findingLines({ finding, status }: JudgedFinding, paint: Painter): readonly string[] {
  const place = `${String(finding.region.line)}:${String(finding.region.column)}`;
  const level = status === 'note' ? paint.cyan('note') : severityText(finding.severity, paint);
  const direction = finding.direction ? ` ${paint.dim(`in ${finding.direction}()`)}` : '';
  const lines = [
    `  ${place.padEnd(8)} ${level} ${finding.rule}${direction}  ${finding.message}`,
    `           ${paint.dim(finding.reason)}`,
  ];
  if (finding.statement !== '')
    lines.push(`           ${paint.dim('│')} ${shortened(finding.statement, 160)}`);
  if (finding.elsewhere)
    lines.push(
      `           ${paint.dim(`${elsewhereLabel(finding.rule)} in ${printablePath(finding.elsewhere.file)}:${String(finding.elsewhere.line)}`)}`,
    );
  return lines;
}

function severityText(severity: Severity, paint: Painter): string {
  return { HIGH: paint.red, MEDIUM: paint.yellow, LOW: paint.green }[severity](severity.padEnd(6));
}

function remedyLines(remedy: Remedy, paint: Painter): readonly string[] {
  return [
    `           ${paint.bold('Danger:')} ${remedy.danger}`,
    `           ${paint.bold('Instead:')}`,
    ...remedy.steps.map((step, index) => `             ${String(index + 1)}. ${step}`),
    ...remedy.instead.split('\n').map((line) => `               ${paint.dim(line)}`),
  ];
}

function problemLines({ problems, stale, suppressionProblems }: Outcome, paint: Painter): readonly string[] {
  return [
    ...problems.map(
      ({ file, problem, line, column }) =>
        `${paint.red('could not be checked')} ${printablePath(file)}${line === undefined ? '' : `:${String(line)}:${String(column ?? 1)}`}: ${problem}`,
    ),
    ...suppressionProblems.map(
      (problem) =>
        `${paint.yellow('comment')} ${printablePath(problem.suppression.file)}:${String(problem.suppression.line)}: ${suppressionSentence(problem)}`,
    ),
    ...stale.map(
      (entry) =>
        `${paint.yellow('stale')} ${printable(entry.file)}: ${entry.rule} is in the baseline but no longer in the migration; \`--update-baseline\` removes it`,
    ),
  ];
}

function summaryLines(outcome: Outcome, paint: Painter): readonly string[] {
  const summary = summaryOf(outcome);
  const verdict =
    summary.new === 0 ? paint.green('no new violation') : paint.red(plural(summary.new, 'new violation'));
  const rest = [
    ...(summary.cannotDecide > 0 ? [`${String(summary.cannotDecide)} of them undecided`] : []),
    ...(summary.grandfathered > 0 ? [`${String(summary.grandfathered)} grandfathered`] : []),
    ...(summary.suppressed > 0 ? [`${String(summary.suppressed)} suppressed`] : []),
  ];
  const { timeline } = outcome.report;
  return [
    ...(timeline
      ? [
          `timeline: ${plural(timeline.columns, 'column')} of ${plural(timeline.entities, 'entity', 'entities')}, ${plural(timeline.backfills, 'backfill')}`,
        ]
      : []),
    `${plural(summary.migrations, 'migration')}: ${[verdict, ...rest].join(', ')}`,
  ];
}

/** How long each stage of the check took. */
export function timingLine(timing: CheckTiming): string {
  const part = (milliseconds: number): string =>
    `${milliseconds.toFixed(0)} ms (${((100 * milliseconds) / Math.max(1, timing.totalMs)).toFixed(0)} %)`;
  return `${plural(timing.files, 'file')} in ${timing.totalMs.toFixed(0)} ms: reading ${part(timing.readMs)}, parsing ${part(timing.parseMs)}, evaluating ${part(timing.evaluateMs)}, SQL ${part(timing.sqlMs)}`;
}
