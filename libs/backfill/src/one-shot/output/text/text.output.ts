import type { LoggerService } from '@nestjs/common';
import type { BackfillObserver } from '../../../backfills/report/observer.js';
import type { ControlReport } from '../../../backfills/report/control-report.js';
import { renderControl } from './control.renderer.js';
import type { OneShotPlan, OneShotReport, OneShotStatus, UnreadLook } from '../../../deploy/deploy.report.js';
import { LogObserver } from '../progress/log.observer.js';
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
import { ProgressBarObserver } from '../progress/progress-bar.observer.js';
import { renderOneShotPlan, renderOneShotStatus, renderReport, renderUnread } from './report.renderer.js';
import { TerminalLine } from '../progress/terminal-line.js';

/** For people: log lines, a progress bar on a terminal, and a summary. */
export class TextOutput implements OneShotOutput {
  readonly logger: LoggerService;
  readonly observer: BackfillObserver;
  readonly #streams: OutputStreams;
  readonly #line: TerminalLine | undefined;

  /** @param bar whether a progress bar is wanted; only a terminal gets one */
  constructor(streams: OutputStreams, bar: boolean, logger: LoggerService = new OneShotLogger()) {
    this.#streams = streams;
    this.logger = logger;
    const log = new LogObserver({
      log: (message: unknown) => void this.logger.log(message, LOG_CONTEXT),
      warn: (message: unknown) => void this.logger.warn(message, LOG_CONTEXT),
    });
    this.#line = bar && streams.stdout.isTTY ? new TerminalLine(streams.stdout, streams.stderr) : undefined;
    this.observer = this.#line ? new ProgressBarObserver(this.#line, log) : log;
  }

  logOf(context: LogContext): PhaseLog {
    return phaseLog(this.logger, context);
  }

  warn(message: string): void {
    this.logger.warn(message, LOG_CONTEXT);
  }

  error(message: string): void {
    this.#line?.release();
    this.#streams.stderr.write(`${message}\n`);
  }

  async phase(report: OneShotReport): Promise<void> {
    await this.#print(renderReport(report));
  }

  async plan(report: OneShotPlan): Promise<void> {
    await this.#print(renderOneShotPlan(report));
  }

  async status(report: OneShotStatus): Promise<void> {
    await this.#print(renderOneShotStatus(report));
  }

  async unread(action: LookAction, report: UnreadLook): Promise<void> {
    await this.#print(renderUnread(action, report));
  }

  async control(report: ControlReport): Promise<void> {
    await this.#print(renderControl(report));
  }

  async #print(text: string): Promise<void> {
    this.#line?.release();
    await new Promise<void>((resolve) => this.#streams.stdout.write(text, () => resolve()));
  }
}
