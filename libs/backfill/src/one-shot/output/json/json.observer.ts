import type { BackfillStatus } from '../../../ledger/status.js';
import type { BackfillObserver } from '../../../report/observer.js';

type Level = 'log' | 'warn' | 'error';
/** Of the end of a run, by its status. */
const LEVELS: Readonly<Partial<Record<BackfillStatus, Level>>> = { failed: 'error', incomplete: 'warn' };

type EventOf<Method extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Method]>>[0];

/**
 * Writes a run as records, one JSON object per line: `{"time":"…","level":"log","event":"progress","name":"…",…}`.
 * The keys `time`, `level`, `event`, `name`, `run` and `batch` are a stable interface.
 */
export class JsonObserver implements BackfillObserver {
  readonly #write: (line: string) => void;
  readonly #now: () => Date;

  constructor(write: (line: string) => void, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
  }

  started(event: EventOf<'started'>): void {
    this.#record('log', 'started', event);
  }

  progressed({ line, batchMs: _, ...progress }: EventOf<'progressed'>): void {
    if (line) this.#record('log', 'progress', { batch: progress.batches, ...progress });
  }

  waiting(event: EventOf<'waiting'>): void {
    this.#record('log', 'waiting', event);
  }

  quarantined(event: EventOf<'quarantined'>): void {
    this.#record('warn', 'quarantined', event);
  }

  noted(event: EventOf<'noted'>): void {
    this.#record(event.level, 'note', event);
  }

  finished(report: EventOf<'finished'>): void {
    this.#record(LEVELS[report.status] ?? 'log', 'finished', report);
  }

  #record(level: Level, event: string, fields: object): void {
    this.#write(`${JSON.stringify({ time: this.#now().toISOString(), level, event, ...fields })}\n`);
  }
}
