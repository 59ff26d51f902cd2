import type { BackfillObserver, BackfillProgress, BackfillReport, BackfillWait } from 'nestjs-backfill';

/** Remembers all that a run tells, and lets a test wait for it. */
export class Recorder implements BackfillObserver {
  readonly progress: BackfillProgress[] = [];
  readonly waits: BackfillWait[] = [];
  readonly notes: string[] = [];
  readonly reports: BackfillReport[] = [];
  readonly #awaited = new Set<() => void>();

  progressed(event: BackfillProgress): void {
    this.progress.push(event);
    this.#told();
  }

  waiting(event: BackfillWait): void {
    this.waits.push(event);
    this.#told();
  }

  noted({ message }: { readonly message: string }): void {
    this.notes.push(message);
    this.#told();
  }

  finished(report: BackfillReport): void {
    this.reports.push(report);
    this.#told();
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
