import type {
  DeployReport,
  OneShotPlan,
  OneShotReport,
  OneShotStatus,
  UnreadLook,
} from '../../../deploy/deploy.report.js';
import { renderIndexes, renderIndexStatus } from './indexes.renderer.js';
import { renderMigrations, renderMigrationStatus } from './migrate.renderer.js';
import type { LookAction } from '../../../deploy/phases.js';
import { renderPlan } from './plan.renderer.js';
import { renderStatus } from './status.renderer.js';
import { renderSummary } from './summary.renderer.js';
import { printableLine, printableLines, renderTable } from '../../../text/format.js';

const OUTCOMES = {
  complete: 'Deployed: nothing is left.',
  'nothing-to-do': 'Deployed: there was nothing to do.',
  incomplete: 'Deployed, with work left, which the next deployment goes on with:',
  failed: 'Deployed, but not all of it succeeded:',
} as const satisfies Record<DeployReport['outcome'], string>;

/** What came of a run, for people. Ends with a line break. */
export function renderReport(report: OneShotReport): string {
  if (report.phase === 'migrate') return renderMigrations(report);
  if (report.phase === 'indexes') return renderIndexes(report);
  if (report.phase === 'backfill') return renderSummary(report);
  const { migrate, indexes, backfill } = report;
  return [
    ...(migrate ? [heading('Migrations'), renderMigrations(migrate)] : []),
    ...(indexes ? [heading('Indexes'), renderIndexes(indexes)] : []),
    ...(backfill ? [heading('Backfills'), renderSummary(backfill)] : []),
    heading('Deployment'),
    renderEnd(report),
  ].join('');
}

/** Where the phases stand, for people. Ends with a line break. */
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

/** What a run would do, for people. Ends with a line break. */
export function renderOneShotPlan(report: OneShotPlan): string {
  if (report.phase === 'migrate') return renderMigrationStatus(report);
  if (report.phase === 'indexes') return renderIndexStatus(report);
  if (report.phase === 'backfill') return renderPlan(report);
  const { migrate, indexes, backfill } = report;
  const backfills = backfill?.reason
    ? `\nThe backfills cannot be planned before the migrations have run: ${printableLine(backfill.reason)}\n`
    : backfill && renderPlan(backfill);
  return [migrate && renderMigrationStatus(migrate), indexes && renderIndexStatus(indexes), backfills].join(
    '',
  );
}

/** That nothing is known, and why, for people. Ends with a line break. */
export function renderUnread(action: LookAction, { reason }: UnreadLook): string {
  return `\nThe ${action} could not be read.\n${printableLines(reason)}\n`;
}

function renderEnd({ outcome, reason, left, migrate }: DeployReport): string {
  const first =
    migrate?.outcome === 'failed' ? 'Not deployed: the migrations did not succeed.' : OUTCOMES[outcome];
  const table = renderTable(
    left.map(({ phase, name, why }) => [phase, name ?? '(all)', printableLine(why)]),
    [1, 2],
  );
  return `\n${[first, ...(reason ? [printableLine(reason)] : []), ...table.map((line) => `  ${line}`)].join('\n')}\n`;
}

function heading(title: string): string {
  return `\n── ${title} ${'─'.repeat(Math.max(0, 56 - title.length))}\n`;
}
