import { formatCount, formatDuration, formatQuantity } from '../reader.format.js';
import type { HeldLock } from '../../../migrations/locks/lock-witness.js';
import type { MigrationOutcome } from '../../../migrations/migration.report.js';
import type {
  DataSourceMigrations,
  MigrateReport,
  MigrateStatus,
} from '../../../migrations/migrate.report.js';
import { describeUnmet } from '../../../migrations/migration.error.js';
import { printable, printableLines } from './printable.js';

const OUTCOMES = {
  done: 'Migrated: no migration is pending.',
  'nothing-to-do': 'Nothing to migrate: no migration is pending.',
  deferred: 'Partly migrated: the remaining migrations wait for a backfill. This does not stop a deployment.',
  failed: 'The migrations failed: the deployment must stop.',
} as const satisfies Record<MigrationOutcome, string>;

/** The result of the migrations phase. Ends with a line break. */
export function renderMigrations({ outcome, reason, dataSources }: MigrateReport): string {
  const blocks = dataSources.map((report) =>
    [
      ...(dataSources.length > 1 ? [`Data source ${report.dataSource}:`] : []),
      ...renderDataSource(report),
    ].join('\n'),
  );
  const end = [OUTCOMES[outcome], ...(reason ? [printableLines(reason)] : [])].join('\n');
  return `\n${[...blocks.filter(Boolean), end].join('\n\n')}\n`;
}

/** Which migrations are pending. Ends with a line break. */
export function renderMigrationStatus({ dataSources }: MigrateStatus): string {
  if (dataSources.length === 0) return '\nNo migration is declared.\n';
  const blocks = dataSources.map((status) => renderDataSourceStatus(status).join('\n'));
  return `\n${blocks.join('\n\n')}\n`;
}

function renderDataSourceStatus({
  dataSource,
  pending,
  waiting,
  exempt,
  grandfathered,
}: MigrateStatus['dataSources'][number]): string[] {
  const waitingByName = new Map(waiting.map((migration) => [migration.name, migration]));
  return [
    `Migrations of data source ${dataSource}: ${pending.length === 0 ? 'none is pending' : `${formatCount(pending.length)} pending`}`,
    ...pending.map((name) => {
      const deferred = waitingByName.get(name);
      return `  ${printable(name)}${deferred ? `, waits for ${renderRequirements(deferred)}` : ''}`;
    }),
    ...exempt.map(
      ({ name, reason, tables }) =>
        `  ${printable(name)} may change rows of ${tables.map(printable).join(', ')}: ${printable(reason)}`,
    ),
    ...(grandfathered.length > 0
      ? [`  ${formatQuantity(grandfathered.length, 'migration')} without the guard (grandfathered)`]
      : []),
  ];
}

function renderDataSource(report: DataSourceMigrations): string[] {
  const { ran, deferred, failed, pending, waitedForOther } = report;
  const stoppedAt = failed?.name ?? deferred?.name;
  const notRun = pending.filter((name) => name !== stoppedAt);
  return [
    ...(waitedForOther ? ['This process waited for another process that was running migrations.'] : []),
    ...ran.flatMap(({ name, durationMs, allowsData, locks }) => [
      `${printable(name)}: done in ${formatDuration(durationMs)}` +
        (allowsData === undefined ? '' : `; it may change rows: ${printable(allowsData)}`),
      ...(locks ? [`  locks: ${locks.map(renderLock).join('; ')}`] : []),
    ]),
    ...(deferred ? [`${printable(deferred.name)}: deferred, waits for ${renderRequirements(deferred)}`] : []),
    ...(failed
      ? [
          `${printable(failed.name ?? 'The migrations')}: failed.`,
          indent(printableLines(failed.error.message)),
        ]
      : []),
    ...(notRun.length > 0 ? [`Pending after it: ${notRun.map(printable).join(', ')}`] : []),
  ];
}

/** ACCESS EXCLUSIVE on public.leads for 12 ms. */
function renderLock({ relation, mode, heldMs, rewritten }: HeldLock): string {
  const name = mode
    .replace(/Lock$/, '')
    .replace(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toUpperCase();
  return `${name} on ${printable(relation)} for ${formatDuration(heldMs)}${rewritten ? ', written again' : ''}`;
}

function renderRequirements({ waitsFor }: NonNullable<DataSourceMigrations['deferred']>): string {
  return waitsFor
    .map((required) => `the ${required.kind ?? 'backfill'} ${required.backfill} (${describeUnmet(required)})`)
    .join(' and ');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
