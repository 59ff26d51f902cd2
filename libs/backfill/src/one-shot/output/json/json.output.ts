import type { LoggerService } from '@nestjs/common';
import type { ControlReport } from '../../../report/control-report.js';
import type { BackfillObserver } from '../../../report/observer.js';
import type { HousekeepingReport } from '../../housekeeping/housekeeping.command.js';
import type { InspectionAction } from '../../one-shot.action.js';
import type { FailedInspection, OneShotPlan, OneShotReport, OneShotStatus } from '../../one-shot.report.js';
import { OneShotLogger } from '../one-shot.logger.js';
import {
  LOG_CONTEXT,
  phaseLogger,
  type LogContext,
  type OneShotOutput,
  type OutputStreams,
  type PhaseLogger,
} from '../one-shot.output.js';
import { JsonObserver } from './json.observer.js';
import { renderJson, renderReportJson } from './json.renderer.js';
import { StdoutReservation } from './stdout.reservation.js';

/**
 * Output for programs: one JSON object on stdout; records and log lines on stderr, one JSON object per line.
 */
export class JsonOutput implements OneShotOutput {
  readonly logger: LoggerService;
  readonly observer: BackfillObserver;
  readonly #stdout: StdoutReservation;

  constructor({ stdout, stderr }: OutputStreams, logger: LoggerService = new OneShotLogger({ json: true })) {
    this.#stdout = new StdoutReservation(stdout, stderr);
    this.logger = logger;
    this.observer = new JsonObserver((line) => stderr.write(line));
  }

  phaseLogger(context: LogContext): PhaseLogger {
    return phaseLogger(this.logger, context);
  }

  warn(message: string): void {
    this.logger.warn(message, LOG_CONTEXT);
  }

  error(message: string): void {
    this.logger.error(message, LOG_CONTEXT);
  }

  async report(report: OneShotReport): Promise<void> {
    await this.#stdout.write(`${renderReportJson(report)}\n`);
  }

  async plan(plan: OneShotPlan): Promise<void> {
    await this.#stdout.write(`${renderJson(plan)}\n`);
  }

  async status(status: OneShotStatus): Promise<void> {
    await this.#stdout.write(`${renderJson(status)}\n`);
  }

  async failedInspection(_: InspectionAction, failure: FailedInspection): Promise<void> {
    await this.#stdout.write(`${renderJson(failure)}\n`);
  }

  async control(report: ControlReport): Promise<void> {
    await this.#stdout.write(`${renderJson(report)}\n`);
  }

  async housekeeping(report: HousekeepingReport): Promise<void> {
    await this.#stdout.write(`${renderJson(report)}\n`);
  }
}
