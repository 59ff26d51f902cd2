import type { LoggerService } from '@nestjs/common';
import type { BackfillObserver } from '../backfills/report/observer.js';
import type { PlanReport } from '../backfills/report/plan.js';
import type { BackfillPhaseReport } from '../backfills/report/report.js';
import type { StatusReport } from '../backfills/report/status-report.js';
import { JsonObserver } from './json.observer.js';
import { renderPhaseJson } from './json.renderer.js';
import { OneShotLogger } from './one-shot.logger.js';
import { LOG_CONTEXT, type OneShotOutput, type OutputStreams } from './one-shot.output.js';
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

  warn(message: string): void {
    this.logger.warn(message, LOG_CONTEXT);
  }

  error(message: string): void {
    this.logger.error(message, LOG_CONTEXT);
  }

  async phase(report: BackfillPhaseReport): Promise<void> {
    await this.#stdout.write(`${renderPhaseJson(report)}\n`);
  }

  async plan(report: PlanReport): Promise<void> {
    await this.#stdout.write(`${JSON.stringify(report)}\n`);
  }

  async status(report: StatusReport): Promise<void> {
    await this.#stdout.write(`${JSON.stringify(report)}\n`);
  }
}
