import { isDone, type BackfillPhaseReport, type BackfillReport } from '../../../report/report.js';
import { formatQuantity } from '../reader.format.js';
import { printable } from './printable.js';

/** More names than this do not fit into a sentence. */
const MAX_NAMES = 3;

const NO_TENANT_HAS_ROWS =
  'Nothing to do: no row belongs to a given tenant. Check the spelling of the tenants.';

/** Reasons why the next run alone does not finish the work. Each text says what to do. */
const REASONS_FOR_WORK_LEFT: readonly {
  readonly applies: (report: BackfillReport) => boolean;
  readonly text: string;
}[] = [
  {
    applies: ({ status }) => status === 'running',
    text: 'another process runs the remaining work. `--status` shows its progress.',
  },
  {
    applies: ({ status }) => status === 'paused' || status === 'cancelled',
    text: 'a person has paused or cancelled the remaining work. `--resume` lets the next run continue it.',
  },
  {
    applies: ({ quarantined, remaining }) => quarantined > 0 && remaining === quarantined,
    text: 'only quarantined rows are left. `--status` shows their errors. Fix the cause, then run with `--retry-quarantined`.',
  },
];

/** The outcome of the whole phase in one or more sentences, about what was asked for and nothing else. */
export function renderClosingLine(phase: BackfillPhaseReport): string {
  const { outcome, backfills } = phase;
  if (outcome === 'failed') return renderFailed(backfills);
  if (outcome === 'incomplete') return renderWorkLeft(backfills);
  if (backfills.length === 0) return 'Nothing was run.';
  return `${renderDone(phase)}${renderNotRequested(phase)}`;
}

function renderDone(phase: BackfillPhaseReport): string {
  if (phase.backfills.some(({ onlyTenants }) => onlyTenants)) return renderTenantsDone(phase);
  const { name, are, were, queries, prove } = subjectOf(phase);
  const unprovable = phase.backfills.filter((report) => report.unprovable !== undefined);
  if (unprovable.length === phase.backfills.length)
    return `Nothing to do: ${name} ${were} already complete. A proof cannot run any more, because what it reads is gone.`;
  const exception =
    unprovable.length === 0
      ? ''
      : ` Not proved again, because what the proof reads is gone: ${namesOf(unprovable)}.`;
  return phase.outcome === 'complete'
    ? `Complete: ${name} ${are} done, and ${queries} ${prove} it.${exception}`
    : `Nothing to do: ${name} ${were} already complete, and ${queries} proved it again.${exception}`;
}

/** The backfills of a run as the subject of a sentence. */
function subjectOf({ backfills, notRequested = [] }: BackfillPhaseReport) {
  const [first] = backfills;
  const isEach = notRequested.length === 0;
  const name = isEach ? 'every backfill' : describe(backfills);
  return first !== undefined && (isEach || backfills.length === 1)
    ? { name, are: 'is', were: 'was', queries: 'its query', prove: 'proves' }
    : { name, are: 'are', were: 'were', queries: 'their queries', prove: 'prove' };
}

function describe(backfills: readonly BackfillReport[]): string {
  if (backfills.length > MAX_NAMES) return `the ${backfills.length} named backfills`;
  const names = backfills.map(({ name }) => printable(name));
  return [names.slice(0, -1).join(', '), ...names.slice(-1)].filter((part) => part !== '').join(' and ');
}

/** A run with `--tenant` does not check the rows of other tenants. */
function renderTenantsDone({ outcome, backfills }: BackfillPhaseReport): string {
  if (backfills.every(hasNoTenantRows)) return NO_TENANT_HAS_ROWS;
  return outcome === 'complete'
    ? 'Complete for the given tenants: all of their rows are done, and the query proves it. Other tenants were not checked.'
    : 'Nothing to do for the given tenants: none of their rows is pending, and the query proves it. Other tenants were not checked.';
}

function renderNotRequested({ notRequested = [] }: BackfillPhaseReport): string {
  if (notRequested.length === 0) return '';
  const were = notRequested.length === 1 ? 'was' : 'were';
  return ` ${formatQuantity(notRequested.length, 'other backfill')} ${were} not part of this run.`;
}

function renderFailed(backfills: readonly BackfillReport[]): string {
  const failed = backfills.filter(({ status }) => status === 'failed');
  // The phase itself failed: its reason follows.
  if (failed.length === 0) return 'Failed.';
  const { continued, lines } = renderLeft(backfills.filter(({ status }) => status !== 'failed'));
  const first = `Failed: ${namesOf(failed)}. Correct the cause that is shown above, then run again.`;
  const next = continued.length === 0 ? '' : ` ${continues(namesOf(continued))}`;
  return [`${first}${next}`, ...lines.map(({ named }) => named)].join('\n');
}

function renderWorkLeft(backfills: readonly BackfillReport[]): string {
  const { continued, lines } = renderLeft(backfills);
  const [only] = lines;
  if (only === undefined) return `Incomplete: work is left. ${continues(null)}`;
  if (lines.length === 1 && continued.length === 0) return `Incomplete: ${only.alone}`;
  const next = continued.length === 0 ? '' : ` ${continues(namesOf(continued))}`;
  return [`Incomplete: work is left.${next}`, ...lines.map(({ named }) => named)].join('\n');
}

function continues(names: string | null): string {
  return `The next run continues ${names === null ? '' : `${names} `}where this one stopped.`;
}

/** A sentence about backfills that the next run alone does not finish. */
interface LineOfWorkLeft {
  /** Where it is the only one. */
  readonly alone: string;
  readonly named: string;
}

/** What is left, by what happens to it: the next run continues it, or something else has to happen first. */
function renderLeft(backfills: readonly BackfillReport[]): {
  readonly continued: readonly BackfillReport[];
  readonly lines: readonly LineOfWorkLeft[];
} {
  const left = backfills.filter((report) => !isDone(report) && !waitsForOneOf(report, backfills));
  const waiting = left.filter((report) => waitsForOther(report, backfills));
  const others = left.filter((report) => !waiting.includes(report));
  const reasons = REASONS_FOR_WORK_LEFT.map(({ text }) => ({
    text,
    reports: others.filter((report) => reasonOf(report) === text),
  })).filter(({ reports }) => reports.length > 0);
  return {
    continued: others.filter((report) => reasonOf(report) === undefined),
    lines: [
      ...waiting.map(describeWait),
      ...reasons.map(({ text, reports }) => ({ alone: text, named: `${namesOf(reports)}: ${text}` })),
    ],
  };
}

function reasonOf(report: BackfillReport): string | undefined {
  return REASONS_FOR_WORK_LEFT.find(({ applies }) => applies(report))?.text;
}

/** The end of that backfill decides when this one can run. */
function waitsForOneOf({ waitsForBackfill }: BackfillReport, backfills: readonly BackfillReport[]): boolean {
  return backfills.some((report) => report.name === waitsForBackfill && !isDone(report));
}

function waitsForOther({ waitsForBackfill }: BackfillReport, backfills: readonly BackfillReport[]): boolean {
  return waitsForBackfill !== undefined && !backfills.some(({ name }) => name === waitsForBackfill);
}

function describeWait({ name, waitsForBackfill = '' }: BackfillReport): LineOfWorkLeft {
  const [own, other] = [printable(name), printable(waitsForBackfill)];
  const sentence = `${own} waits for ${other}, which was not part of this run. \`--backfill ${other} ${own}\` runs both.`;
  return { alone: sentence, named: sentence };
}

function namesOf(backfills: readonly BackfillReport[]): string {
  return backfills.map(({ name }) => printable(name)).join(', ');
}

function hasNoTenantRows({ onlyTenants = [], withoutRows = [] }: BackfillReport): boolean {
  return onlyTenants.length > 0 && onlyTenants.length === withoutRows.length;
}
