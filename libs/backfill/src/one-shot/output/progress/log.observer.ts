import { formatCount, formatDuration, formatQuantity } from '../reader.format.js';
import type { LoggerService } from '@nestjs/common';
import type { BackfillObserver, BackfillProgress, BackfillWait } from '../../../report/observer.js';
import type { BackfillReport } from '../../../report/report.js';
import { printableLine } from '../text/printable.js';
import { renderReason } from '../text/summary.renderer.js';
import { renderProgressLine, renderWait } from './progress.renderer.js';

type EventOf<Method extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Method]>>[0];

/** Writes a run as log lines: start, a progress line every `progressEvery` batches, waits, notes and end. */
export class LogObserver implements BackfillObserver {
  readonly #logger: Pick<LoggerService, 'log' | 'warn'>;

  constructor(logger: Pick<LoggerService, 'log' | 'warn'>) {
    this.#logger = logger;
  }

  started({ name, reason, total, totalIsEstimate }: EventOf<'started'>): void {
    const pending = total === null ? '' : `, ${formatCount(total, { isEstimate: totalIsEstimate })} pending`;
    this.#logger.log(`${name}: started${pending}. ${printableLine(reason)}`);
  }

  progressed(progress: BackfillProgress & { readonly line: boolean }): void {
    if (progress.line) this.#logger.log(renderProgressLine(progress));
  }

  waiting(wait: BackfillWait): void {
    this.#logger.log(renderWait(wait));
  }

  noted({ name, level, message }: EventOf<'noted'>): void {
    this.#logger[level](`${name}: ${printableLine(message)}`);
  }

  finished(report: BackfillReport): void {
    const level = report.status === 'complete' ? 'log' : 'warn';
    const result = report.nothingToDo
      ? 'nothing to do'
      : `${report.status}, ${formatQuantity(report.updated, 'row')} in ${formatDuration(report.durationMs)}`;
    this.#logger[level](`${report.name}: ${result}. ${renderReason(report)}`);
  }
}
