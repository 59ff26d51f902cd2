import type { BackfillObserver } from 'nestjs-backfill';

type Observed<Name extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Name]>>[0];

/** Records every event of a run. A test can wait for a condition on them. */
export class Recorder implements BackfillObserver {
  readonly starts: Observed<'started'>[] = [];
  readonly progress: Observed<'progressed'>[] = [];
  readonly waits: Observed<'waiting'>[] = [];
  readonly notes: string[] = [];
  readonly reports: Observed<'finished'>[] = [];
  readonly #awaited = new Set<() => void>();

  started(event: Observed<'started'>): void {
    this.starts.push(event);
    this.#notify();
  }

  progressed(event: Observed<'progressed'>): void {
    this.progress.push(event);
    this.#notify();
  }

  waiting(event: Observed<'waiting'>): void {
    this.waits.push(event);
    this.#notify();
  }

  noted({ message }: { readonly message: string }): void {
    this.notes.push(message);
    this.#notify();
  }

  finished(report: Observed<'finished'>): void {
    this.reports.push(report);
    this.#notify();
  }

  /** The progress events that are shown as a line. */
  get lines(): Observed<'progressed'>[] {
    return this.progress.filter(({ line }) => line);
  }

  /** Resolves as soon as the condition holds for the recorded events. */
  async until(condition: (recorder: this) => boolean): Promise<void> {
    if (condition(this)) return;
    await new Promise<void>((resolve) => {
      const check = () => {
        if (!condition(this)) return;
        this.#awaited.delete(check);
        resolve();
      };
      this.#awaited.add(check);
    });
  }

  #notify(): void {
    for (const check of this.#awaited) check();
  }
}
