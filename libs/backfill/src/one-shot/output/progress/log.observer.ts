import type { LoggerService } from '@nestjs/common';
import type { BackfillObserver, BackfillProgress, BackfillWait } from '../../../backfills/report/observer.js';
import type { BackfillReport } from '../../../backfills/report/report.js';
import { renderProgressLine, renderWait } from './progress.renderer.js';
import { renderReason } from '../text/summary.renderer.js';
import { printableLine, renderDuration, renderEstimate, renderQuantity } from '../../../text/format.js';

/** Tells a run in log lines; a progress line every `progressEvery` batches. */
export class LogObserver implements BackfillObserver {
  readonly #logger: Pick<LoggerService, 'log' | 'warn'>;

  constructor(logger: Pick<LoggerService, 'log' | 'warn'>) {
    this.#logger = logger;
  }

  started({
    name,
    reason,
    total,
    totalIsEstimate,
  }: Parameters<NonNullable<BackfillObserver['started']>>[0]): void {
    const pending = total === null ? '' : `, ${renderEstimate(total, totalIsEstimate)} pending`;
    this.#logger.log(`${name}: started${pending}. ${printableLine(reason)}`);
  }

  progressed(progress: BackfillProgress & { readonly line: boolean }): void {
    if (progress.line) this.#logger.log(renderProgressLine(progress));
  }

  waiting(wait: BackfillWait): void {
    this.#logger.log(renderWait(wait));
  }

  noted({ name, level, message }: Parameters<NonNullable<BackfillObserver['noted']>>[0]): void {
    this.#logger[level](`${name}: ${printableLine(message)}`);
  }

  finished(report: BackfillReport): void {
    const level = report.status === 'complete' ? 'log' : 'warn';
    const did = report.nothingToDo
      ? 'nothing to do'
      : `${report.status}, ${renderQuantity(report.updated, 'row')} in ${renderDuration(report.durationMs)}`;
    this.#logger[level](`${report.name}: ${did}. ${renderReason(report)}`);
  }
}
