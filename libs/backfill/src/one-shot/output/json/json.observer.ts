import type { BackfillObserver } from '../../../backfills/report/observer.js';

type Observed<Method extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Method]>>[0];

/** Tells a run in records, one JSON object a line: `{"time":"…","event":"progress","name":"…",…}`. */
export class JsonObserver implements BackfillObserver {
  readonly #write: (line: string) => void;
  readonly #now: () => Date;

  constructor(write: (line: string) => void, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
  }

  started(event: Observed<'started'>): void {
    this.#record('started', event);
  }

  progressed({ line, ...progress }: Observed<'progressed'>): void {
    if (line) this.#record('progress', progress);
  }

  waiting(event: Observed<'waiting'>): void {
    this.#record('waiting', event);
  }

  noted(event: Observed<'noted'>): void {
    this.#record('note', event);
  }

  finished(report: Observed<'finished'>): void {
    this.#record('finished', report);
  }

  #record(event: string, fields: object): void {
    this.#write(`${JSON.stringify({ time: this.#now().toISOString(), event, ...fields })}\n`);
  }
}
