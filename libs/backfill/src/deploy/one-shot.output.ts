import type { LoggerService } from '@nestjs/common';
import type { BackfillObserver } from '../backfills/report/observer.js';
import type { PlanReport } from '../backfills/report/plan.js';
import type { BackfillPhaseReport } from '../backfills/report/report.js';
import type { StatusReport } from '../backfills/report/status-report.js';

/** Where a one-shot run tells what it does and what came of it. */
export interface OneShotOutput {
  /** For the application, as long as the run lasts. */
  readonly logger: LoggerService;
  readonly observer: BackfillObserver;
  /** What a person should know while it runs. */
  warn(message: string): void;
  /** An error that ended the run. */
  error(message: string): void;
  phase(report: BackfillPhaseReport): Promise<void>;
  plan(report: PlanReport): Promise<void>;
  status(report: StatusReport): Promise<void>;
}

/** The process's two streams. */
export interface OutputStreams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The name under which a run's log lines stand. */
export const LOG_CONTEXT = 'Backfill';
