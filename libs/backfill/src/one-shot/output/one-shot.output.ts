import type { LoggerService } from '@nestjs/common';
import type { BackfillObserver } from '../../backfills/report/observer.js';
import type { ControlReport } from '../../backfills/report/control-report.js';
import type { OneShotPlan, OneShotReport, OneShotStatus, UnreadLook } from '../../deploy/deploy.report.js';
import type { LookAction } from '../../deploy/phases.js';

/** Where a one-shot run tells what it does and what came of it. */
export interface OneShotOutput {
  /** For the application, as long as the run lasts. */
  readonly logger: LoggerService;
  readonly observer: BackfillObserver;
  /** Where a phase without an observer of its own tells what it does. */
  logOf(context: LogContext): PhaseLog;
  /** What a person should know while it runs. */
  warn(message: string): void;
  /** An error that ended the run. */
  error(message: string): void;
  phase(report: OneShotReport): Promise<void>;
  plan(report: OneShotPlan): Promise<void>;
  status(report: OneShotStatus): Promise<void>;
  /** In place of the plan or the status. */
  unread(action: LookAction, report: UnreadLook): Promise<void>;
  control(report: ControlReport): Promise<void>;
}

/** The process's two streams. */
export interface OutputStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The names under which a run's log lines stand. */
export const LOG_CONTEXT = 'Backfill';
export type LogContext = typeof LOG_CONTEXT | 'Migration' | 'Index';

/** The part of the application's log that a phase writes to. */
export interface PhaseLog {
  log(message: string): void;
  warn(message: string): void;
}

export function phaseLog(logger: LoggerService, context: LogContext): PhaseLog {
  return {
    log: (message) => void logger.log(message, context),
    warn: (message) => void logger.warn(message, context),
  };
}
