import type { DeployReport } from '../../../deploy/deploy.report.js';
import type { InspectionAction } from '../../one-shot.action.js';
import type {
  DeployPlan,
  FailedInspection,
  OneShotPlan,
  OneShotReport,
  OneShotStatus,
} from '../../one-shot.report.js';
import { renderIndexes, renderIndexStatus } from './indexes.renderer.js';
import { renderMigrations, renderMigrationStatus } from './migrate.renderer.js';
import { renderPlan, type PlanDetail } from './plan.renderer.js';
import { printableLine, printableLines } from './printable.js';
import { renderStatus } from './status.renderer.js';
import { renderSummary } from './summary.renderer.js';
import { renderTable } from './table.renderer.js';

const OUTCOMES = {
  complete: 'Deployed: no work is left.',
  'nothing-to-do': 'Deployed: there was nothing to do.',
  incomplete: 'Deployed with work left, which the next deployment continues:',
  failed: 'Deployed, but some of it failed:',
} as const satisfies Record<DeployReport['outcome'], string>;

/** For indexes and backfills without the migrations, which are no deployment. */
const OUTCOMES_WITHOUT_MIGRATIONS = {
  complete: 'Done: no work is left.',
  'nothing-to-do': 'There was nothing to do.',
  incomplete: 'Work is left, which the next run continues:',
  failed: 'Some of it failed:',
} as const satisfies Record<DeployReport['outcome'], string>;

const HEADING_COLUMNS = 56;

/** The result of a run. Ends with a line break. */
export function renderReport(report: OneShotReport): string {
  if (report.phase === 'migrate') return renderMigrations(report);
  if (report.phase === 'indexes') return renderIndexes(report);
  if (report.phase === 'backfill') return renderSummary(report);
  const { migrate, indexes, backfill } = report;
  return [
    ...(migrate ? [renderHeading('Migrations'), renderMigrations(migrate)] : []),
    ...(indexes ? [renderHeading('Indexes'), renderIndexes(indexes)] : []),
    ...(backfill ? [renderHeading('Backfills'), renderSummary(backfill)] : []),
    renderHeading(isDeployment(report) ? 'Deployment' : 'Result'),
    renderDeployment(report),
  ].join('');
}

/** The status of each phase. Ends with a line break. */
export function renderOneShotStatus(report: OneShotStatus): string {
  if (report.phase === 'migrate') return renderMigrationStatus(report);
  if (report.phase === 'indexes') return renderIndexStatus(report);
  if (report.phase === 'backfill') return renderStatus(report);
  const { migrate, indexes, backfill } = report;
  return [
    migrate && renderMigrationStatus(migrate),
    indexes && renderIndexStatus(indexes),
    backfill && renderStatus(backfill),
  ].join('');
}

/** What a run would do. Ends with a line break. */
export function renderOneShotPlan(report: OneShotPlan, detail: PlanDetail): string {
  if (report.phase === 'migrate') return renderMigrationStatus(report);
  if (report.phase === 'indexes') return renderIndexStatus(report);
  if (report.phase === 'backfill') return renderPlan(report, detail);
  const { migrate, indexes, backfill } = report;
  return [
    migrate && renderMigrationStatus(migrate),
    indexes && renderIndexStatus(indexes),
    backfill && renderBackfills(backfill, detail),
  ].join('');
}

function renderBackfills(report: NonNullable<DeployPlan['backfill']>, detail: PlanDetail): string {
  const { reason, unplanned = [] } = report;
  return reason !== undefined && unplanned.length < 2
    ? `\nThe backfills cannot be planned before the migrations have run: ${printableLine(reason)}\n`
    : renderPlan(report, detail);
}

/** The reason why a plan or a status could not be read. Ends with a line break. */
export function renderFailedInspection(action: InspectionAction, { reason }: FailedInspection): string {
  return `\nThe ${action} could not be read.\n${printableLines(reason)}\n`;
}

/** Migrations are the first phase: a report that has others without them is of a run without migrations. */
function isDeployment({ migrate, indexes, backfill }: DeployReport): boolean {
  return migrate !== undefined || (indexes === undefined && backfill === undefined);
}

function renderDeployment(report: DeployReport): string {
  const { outcome, reason, left, migrate } = report;
  const outcomes = isDeployment(report) ? OUTCOMES : OUTCOMES_WITHOUT_MIGRATIONS;
  const first = migrate?.outcome === 'failed' ? 'Not deployed: the migrations failed.' : outcomes[outcome];
  const table = renderTable(
    left.map(({ phase, name, why }) => [phase, name ?? '(all)', printableLine(why)]),
    [1, 2],
  );
  return `\n${[first, ...(reason ? [printableLine(reason)] : []), ...table.map((line) => `  ${line}`)].join('\n')}\n`;
}

function renderHeading(title: string): string {
  return `\n── ${title} ${'─'.repeat(Math.max(0, HEADING_COLUMNS - title.length))}\n`;
}
