import type { MigrationOutcome, MigrationPhaseReport, MigrationStatus } from './migration.report.js';

/** The migrations of one data source after the phase. @publicApi */
export interface DataSourceMigrations extends MigrationPhaseReport {
  /** Name of the data source; `default` if it has none. */
  readonly dataSource: string;
}

/** Report of the migrations phase. Only `failed` stops a deployment. @publicApi */
export interface MigrateReport {
  readonly phase: 'migrate';
  readonly outcome: MigrationOutcome;
  /** Set when the phase could not run or was interrupted, e.g. because the database could not be reached. */
  readonly reason?: string;
  readonly dataSources: readonly DataSourceMigrations[];
}

/** The migrations in `--status` and `--plan`. @publicApi */
export interface MigrateStatus {
  readonly phase: 'migrate';
  readonly dataSources: readonly (MigrationStatus & { readonly dataSource: string })[];
}
