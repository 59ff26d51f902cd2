import type { MigrationOutcome, MigrationPhaseReport, MigrationStatus } from './migration.report.js';

/** What was done to the schema of one data source. */
export interface DataSourceMigrations extends MigrationPhaseReport {
  /** Its name; `default` for one without. */
  readonly dataSource: string;
}

/** What came of the migrations phase. Anything but `failed` lets a deployment go on. */
export interface MigrateReport {
  readonly phase: 'migrate';
  readonly outcome: MigrationOutcome;
  /** Set when the phase could not run at all or was cut short, e.g. because the database could not be reached. */
  readonly reason?: string;
  readonly dataSources: readonly DataSourceMigrations[];
}

/** What `--status` and `--plan` tell of the migrations phase. */
export interface MigrateStatus {
  readonly phase: 'migrate';
  readonly dataSources: readonly (MigrationStatus & { readonly dataSource: string })[];
}
