import type { LoggerService } from '@nestjs/common';
import type { BackfillObserver } from '../backfills/report/observer.js';
import type { MigrationLog } from '../migrations/migration.options.js';
import type { OneShotPlan, OneShotReport, OneShotStatus } from './deploy.report.js';

/** Where a one-shot run tells what it does and what came of it. */
export interface OneShotOutput {
  /** For the application, as long as the run lasts. */
  readonly logger: LoggerService;
  readonly observer: BackfillObserver;
  /** Where the migrations tell what they do. */
  readonly log: MigrationLog;
  /** What a person should know while it runs. */
  warn(message: string): void;
  /** An error that ended the run. */
  error(message: string): void;
  phase(report: OneShotReport): Promise<void>;
  plan(report: OneShotPlan): Promise<void>;
  status(report: OneShotStatus): Promise<void>;
}

/** The process's two streams. */
export interface OutputStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The names under which a run's log lines stand. */
export const LOG_CONTEXT = 'Backfill';
export const MIGRATION_CONTEXT = 'Migration';

/** The migrations' part of the application's log. */
export function migrationLog(logger: LoggerService): MigrationLog {
  return {
    log: (message) => void logger.log(message, MIGRATION_CONTEXT),
    warn: (message) => void logger.warn(message, MIGRATION_CONTEXT),
  };
}
