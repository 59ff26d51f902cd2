import type { BackfillObserver } from 'nestjs-backfill';

type Heard<Event extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Event]>>[0];

/** Remembers all that a run tells, and lets a test wait for it. */
export class Recorder implements BackfillObserver {
  readonly starts: Heard<'started'>[] = [];
  readonly progress: Heard<'progressed'>[] = [];
  readonly waits: Heard<'waiting'>[] = [];
  readonly notes: string[] = [];
  readonly reports: Heard<'finished'>[] = [];
  readonly #awaited = new Set<() => void>();

  started(event: Heard<'started'>): void {
    this.starts.push(event);
    this.#told();
  }

  progressed(event: Heard<'progressed'>): void {
    this.progress.push(event);
    this.#told();
  }

  waiting(event: Heard<'waiting'>): void {
    this.waits.push(event);
    this.#told();
  }

  noted({ message }: { readonly message: string }): void {
    this.notes.push(message);
    this.#told();
  }

  finished(report: Heard<'finished'>): void {
    this.reports.push(report);
    this.#told();
  }

  /** The progress of the batches that make a line. */
  get lines(): Heard<'progressed'>[] {
    return this.progress.filter(({ line }) => line);
  }

  /** Resolves as soon as the condition holds of what was told. */
  async until(condition: (recorder: this) => boolean): Promise<void> {
    if (condition(this)) return;
    await new Promise<void>((resolve) => {
      const look = () => {
        if (!condition(this)) return;
        this.#awaited.delete(look);
        resolve();
      };
      this.#awaited.add(look);
    });
  }

  #told(): void {
    for (const look of this.#awaited) look();
  }
}
