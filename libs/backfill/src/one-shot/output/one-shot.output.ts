import type { LoggerService } from '@nestjs/common';
import type { ControlReport } from '../../report/control-report.js';
import type { BackfillObserver } from '../../report/observer.js';
import type { HousekeepingReport } from '../housekeeping/housekeeping.command.js';
import type { InspectionAction } from '../one-shot.action.js';
import type { FailedInspection, OneShotPlan, OneShotReport, OneShotStatus } from '../one-shot.report.js';

/** Where a one-shot run writes its progress and its result. */
export interface OneShotOutput {
  /** The application's logger during the run. */
  readonly logger: LoggerService;
  /** Shows the progress of backfills. */
  readonly observer: BackfillObserver;
  /** For a phase without an observer. */
  phaseLogger(context: LogContext): PhaseLogger;
  /** Something that a person should know during the run. */
  warn(message: string): void;
  /** An error that ended the run. */
  error(message: string): void;
  report(report: OneShotReport): Promise<void>;
  plan(plan: OneShotPlan): Promise<void>;
  status(status: OneShotStatus): Promise<void>;
  /** Written instead of the plan or the status. */
  failedInspection(action: InspectionAction, failure: FailedInspection): Promise<void>;
  control(report: ControlReport): Promise<void>;
  housekeeping(report: HousekeepingReport): Promise<void>;
}

/** The process's output streams. */
export interface OutputStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The context of the run's own log lines. */
export const LOG_CONTEXT = 'Backfill';
export type LogContext = typeof LOG_CONTEXT | 'Migration' | 'Index';

/** The part of the application's logger that a phase uses. */
export interface PhaseLogger {
  log(message: string): void;
  warn(message: string): void;
}

export function phaseLogger(logger: LoggerService, context: LogContext): PhaseLogger {
  return {
    log: (message) => void logger.log(message, context),
    warn: (message) => void logger.warn(message, context),
  };
}
