import type { BackfillObserver } from 'nestjs-backfill';

type Observed<Name extends keyof BackfillObserver> = Parameters<NonNullable<BackfillObserver[Name]>>[0];

interface Awaited {
  /** Resolves the promise if its condition holds now. */
  readonly check: () => void;
  readonly reject: (error: Error) => void;
}

/** Records every event of a run. A test can wait for a condition on them. */
export class Recorder implements BackfillObserver {
  readonly starts: Observed<'started'>[] = [];
  readonly progress: Observed<'progressed'>[] = [];
  readonly waits: Observed<'waiting'>[] = [];
  readonly notes: string[] = [];
  readonly reports: Observed<'finished'>[] = [];
  readonly #awaited = new Set<Awaited>();
  #end: Error | null = null;

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

  /** Resolves as soon as the condition holds for the recorded events. Rejects if the run ends before. */
  async until(condition: (recorder: this) => boolean): Promise<void> {
    if (condition(this)) return;
    if (this.#end) throw this.#end;
    await new Promise<void>((resolve, reject) => {
      const check = () => {
        if (!condition(this)) return;
        this.#awaited.delete(awaited);
        resolve();
      };
      const awaited = { check, reject };
      this.#awaited.add(awaited);
    });
  }

  /** Nothing that a test still waits for can happen after the run, so that the test fails instead of hanging. */
  async whileRunning<T>(run: () => Promise<T>): Promise<T> {
    this.#end = null;
    let ending = 'threw an error';
    try {
      const result = await run();
      ending = `ended as ${this.reports.map(({ status, reason }) => `${status} (${reason})`).join(', ')}`;
      return result;
    } finally {
      this.#end = new Error(
        `The run ${ending} before the condition held that the test waits for. Its notes:\n${this.notes.join('\n')}`,
      );
      // Later than the run's own promise, which a test may race against the condition.
      setImmediate((error: Error) => this.#rejectAll(error), this.#end);
    }
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#awaited) reject(error);
    this.#awaited.clear();
  }

  #notify(): void {
    for (const { check } of this.#awaited) check();
  }
}
