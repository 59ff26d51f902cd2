import type { LoggerService } from '@nestjs/common';
import type { ControlReport } from '../../../report/control-report.js';
import type { BackfillObserver } from '../../../report/observer.js';
import type { HousekeepingReport } from '../../housekeeping/housekeeping.command.js';
import type { InspectionAction } from '../../one-shot.action.js';
import type { FailedInspection, OneShotPlan, OneShotReport, OneShotStatus } from '../../one-shot.report.js';
import type { LogFormat } from '../../arguments/one-shot.arguments.js';
import { JsonObserver } from '../json/json.observer.js';
import { StdoutReservation } from '../json/stdout.reservation.js';
import { readerLocale, useReaderLocale } from '../reader.format.js';
import { renderHousekeeping } from '../housekeeping/housekeeping.renderer.js';
import { OneShotLogger } from '../one-shot.logger.js';
import {
  LOG_CONTEXT,
  phaseLogger,
  type LogContext,
  type OneShotOutput,
  type OutputStreams,
  type PhaseLogger,
} from '../one-shot.output.js';
import { LogObserver } from '../progress/log.observer.js';
import { ProgressBarObserver } from '../progress/progress-bar.observer.js';
import { TerminalLine } from '../progress/terminal-line.js';
import { renderControl } from './control.renderer.js';
import type { PlanDetail } from './plan.renderer.js';
import {
  renderFailedInspection,
  renderOneShotPlan,
  renderOneShotStatus,
  renderReport,
} from './report.renderer.js';

export interface TextOutputOptions {
  /** Show a progress bar if stdout is a terminal. */
  readonly progressBar: boolean;
  /** How much a plan shows. @default 'short' */
  readonly detail?: PlanDetail;
  /** @default OneShotLogger */
  readonly logger?: LoggerService | undefined;
  /** `json`: log lines and events are JSON objects on stderr. @default 'text' */
  readonly logFormat?: LogFormat;
}

/** Output for people: log lines, a progress bar on a terminal, and a summary. */
export class TextOutput implements OneShotOutput {
  readonly logger: LoggerService;
  readonly observer: BackfillObserver;
  readonly #streams: OutputStreams;
  readonly #progressLine: TerminalLine | undefined;
  readonly #detail: PlanDetail;
  /** Only with logs as JSON: then nothing but the result goes to stdout. */
  readonly #stdout: StdoutReservation | null;

  constructor(
    streams: OutputStreams,
    { progressBar, detail = 'short', logFormat = 'text', logger }: TextOutputOptions,
  ) {
    this.#streams = streams;
    this.#detail = detail;
    useReaderLocale(readerLocale(process.env, streams.stdout));
    this.logger = logger ?? new OneShotLogger({ json: logFormat === 'json' });
    this.#stdout = logFormat === 'json' ? new StdoutReservation(streams.stdout, streams.stderr) : null;
    if (logFormat === 'json') {
      this.observer = new JsonObserver((line) => streams.stderr.write(line));
      return;
    }
    const log = new LogObserver(phaseLogger(this.logger, LOG_CONTEXT));
    this.#progressLine =
      progressBar && streams.stdout.isTTY ? new TerminalLine(streams.stdout, streams.stderr) : undefined;
    this.observer = this.#progressLine ? new ProgressBarObserver(this.#progressLine, log) : log;
  }

  phaseLogger(context: LogContext): PhaseLogger {
    return phaseLogger(this.logger, context);
  }

  warn(message: string): void {
    this.logger.warn(message, LOG_CONTEXT);
  }

  error(message: string): void {
    this.#progressLine?.release();
    if (this.#stdout !== null) this.logger.error(message, LOG_CONTEXT);
    else this.#streams.stderr.write(`${message}\n`);
  }

  async report(report: OneShotReport): Promise<void> {
    await this.#print(renderReport(report));
  }

  async plan(plan: OneShotPlan): Promise<void> {
    await this.#print(renderOneShotPlan(plan, this.#detail));
  }

  async status(status: OneShotStatus): Promise<void> {
    await this.#print(renderOneShotStatus(status));
  }

  async failedInspection(action: InspectionAction, failure: FailedInspection): Promise<void> {
    await this.#print(renderFailedInspection(action, failure));
  }

  async control(report: ControlReport): Promise<void> {
    await this.#print(renderControl(report));
  }

  async housekeeping(report: HousekeepingReport): Promise<void> {
    await this.#print(renderHousekeeping(report));
  }

  async #print(text: string): Promise<void> {
    this.#progressLine?.release();
    if (this.#stdout !== null) return this.#stdout.write(text);
    await new Promise<void>((resolve) => this.#streams.stdout.write(text, () => resolve()));
  }
}
