import type { LoggerService } from '@nestjs/common';
import type { BackfillObserver } from '../../../backfills/report/observer.js';
import type { ControlReport } from '../../../backfills/report/control-report.js';
import type { OneShotPlan, OneShotReport, OneShotStatus, UnreadLook } from '../../../deploy/deploy.report.js';
import { JsonObserver } from './json.observer.js';
import { renderLookJson, renderReportJson } from './json.renderer.js';
import { OneShotLogger } from '../one-shot.logger.js';
import {
  LOG_CONTEXT,
  phaseLog,
  type LogContext,
  type OneShotOutput,
  type OutputStreams,
  type PhaseLog,
} from '../one-shot.output.js';
import type { LookAction } from '../../../deploy/phases.js';
import { StdoutReservation } from './stdout.reservation.js';

/** For machines: one object on stdout; records and logs, one JSON object a line, on stderr. */
export class JsonOutput implements OneShotOutput {
  readonly logger: LoggerService;
  readonly observer: BackfillObserver;
  readonly #stdout: StdoutReservation;

  constructor({ stdout, stderr }: OutputStreams, logger: LoggerService = new OneShotLogger({ json: true })) {
    this.#stdout = new StdoutReservation(stdout, stderr);
    this.logger = logger;
    this.observer = new JsonObserver((line) => stderr.write(line));
  }

  logOf(context: LogContext): PhaseLog {
    return phaseLog(this.logger, context);
  }

  warn(message: string): void {
    this.logger.warn(message, LOG_CONTEXT);
  }

  error(message: string): void {
    this.logger.error(message, LOG_CONTEXT);
  }

  async phase(report: OneShotReport): Promise<void> {
    await this.#stdout.write(`${renderReportJson(report)}\n`);
  }

  async plan(report: OneShotPlan): Promise<void> {
    await this.#stdout.write(`${renderLookJson(report)}\n`);
  }

  async status(report: OneShotStatus): Promise<void> {
    await this.#stdout.write(`${renderLookJson(report)}\n`);
  }

  async unread(_: LookAction, report: UnreadLook): Promise<void> {
    await this.#stdout.write(`${renderLookJson(report)}\n`);
  }

  async control(report: ControlReport): Promise<void> {
    await this.#stdout.write(`${renderLookJson(report)}\n`);
  }
}
