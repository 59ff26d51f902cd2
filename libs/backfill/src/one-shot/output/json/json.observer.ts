import type { BackfillObserver } from '../../../report/observer.js';

type EventOf<Method extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Method]>>[0];

/** Writes a run as records, one JSON object per line: `{"time":"…","event":"progress","name":"…",…}`. */
export class JsonObserver implements BackfillObserver {
  readonly #write: (line: string) => void;
  readonly #now: () => Date;

  constructor(write: (line: string) => void, now: () => Date = () => new Date()) {
    this.#write = write;
    this.#now = now;
  }

  started(event: EventOf<'started'>): void {
    this.#record('started', event);
  }

  progressed({ line, batchMs: _, ...progress }: EventOf<'progressed'>): void {
    if (line) this.#record('progress', progress);
  }

  waiting(event: EventOf<'waiting'>): void {
    this.#record('waiting', event);
  }

  noted(event: EventOf<'noted'>): void {
    this.#record('note', event);
  }

  finished(report: EventOf<'finished'>): void {
    this.#record('finished', report);
  }

  #record(event: string, fields: object): void {
    this.#write(`${JSON.stringify({ time: this.#now().toISOString(), event, ...fields })}\n`);
  }
}
