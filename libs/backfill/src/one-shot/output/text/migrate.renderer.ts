import type { MigrationOutcome } from '../../../migrations/migration.report.js';
import type {
  DataSourceMigrations,
  MigrateReport,
  MigrateStatus,
} from '../../../migrations/migrate.report.js';
import {
  printable,
  printableLines,
  renderCount,
  renderDuration,
  renderQuantity,
} from '../../../text/format.js';

const OUTCOMES = {
  done: 'Migrated: no migration is pending.',
  'nothing-to-do': 'Nothing to migrate: no migration is pending.',
  deferred: 'Migrated as far as it goes: what is left waits for a backfill, which stops no deployment.',
  failed: 'The migrations did not succeed: the deployment must stop.',
} as const satisfies Record<MigrationOutcome, string>;

/** What came of the migrations, for people. Ends with a line break. */
export function renderMigrations({ outcome, reason, dataSources }: MigrateReport): string {
  const blocks = dataSources.map((report) => renderDataSource(report, dataSources.length > 1).join('\n'));
  const end = [OUTCOMES[outcome], ...(reason ? [printableLines(reason)] : [])].join('\n');
  return `\n${[...blocks.filter(Boolean), end].join('\n\n')}\n`;
}

/** Where the migrations stand, for people. Ends with a line break. */
export function renderMigrationStatus({ dataSources }: MigrateStatus): string {
  if (dataSources.length === 0) return '\nNo migration is declared.\n';
  const blocks = dataSources.map(({ dataSource, pending, waiting, exempt, grandfathered }) => {
    const waits = new Map(waiting.map((each) => [each.name, each]));
    return [
      `Migrations of data source ${dataSource}: ${pending.length === 0 ? 'none is pending' : `${renderCount(pending.length)} pending`}`,
      ...pending.map((name) => {
        const deferred = waits.get(name);
        return `  ${printable(name)}${deferred ? `, waits for ${renderUnmet(deferred)}` : ''}`;
      }),
      ...exempt.map(
        ({ name, reason, tables }) =>
          `  ${printable(name)} may change rows of ${tables.map(printable).join(', ')}: ${printable(reason)}`,
      ),
      ...(grandfathered.length > 0
        ? [`  ${renderQuantity(grandfathered.length, 'migration')} without the guard (grandfathered)`]
        : []),
    ].join('\n');
  });
  return `\n${blocks.join('\n\n')}\n`;
}

function renderDataSource(report: DataSourceMigrations, named: boolean): string[] {
  const { dataSource, ran, deferred, failed, pending, waitedForOther } = report;
  const stopper = failed?.name ?? deferred?.name;
  const behind = pending.filter((name) => name !== stopper);
  return [
    ...(named ? [`Data source ${dataSource}:`] : []),
    ...(waitedForOther ? ['Another process was migrating when this one came: it waited for that.'] : []),
    ...ran.map(
      ({ name, durationMs, allowsData }) =>
        `${printable(name)}: done in ${renderDuration(durationMs)}` +
        (allowsData === undefined ? '' : `; it may change rows: ${printable(allowsData)}`),
    ),
    ...(deferred ? [`${printable(deferred.name)}: deferred, waits for ${renderUnmet(deferred)}`] : []),
    ...(failed
      ? [
          `${printable(failed.name ?? 'The migrations')}: failed.`,
          indent(printableLines(failed.error.message)),
        ]
      : []),
    ...(behind.length > 0 ? [`Pending behind it: ${behind.map(printable).join(', ')}`] : []),
  ];
}

function renderUnmet({ waitsFor }: NonNullable<DataSourceMigrations['deferred']>): string {
  return waitsFor
    .map(({ backfill, status, left }) => {
      const rows = left === undefined ? '' : `, ${renderQuantity(left, 'row')} left`;
      return `the backfill ${backfill} (${status}${rows})`;
    })
    .join(' and ');
}

function indent(text: string): string {
  return text.replace(/^/gm, '  ');
}
