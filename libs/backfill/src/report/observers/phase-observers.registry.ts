import { Injectable } from '@nestjs/common';

/** The phases of a deployment. */
export type ObservedPhase = 'migrate' | 'indexes' | 'backfill';

/** A phase that begins or ends. */
export interface PhaseEvent {
  readonly phase: ObservedPhase;
  /** Identifies this run of the phase in its process. */
  readonly run: string;
}

/** A migration that ran or failed. */
export interface MigrationEvent {
  readonly run: string;
  readonly dataSource: string;
  readonly name: string;
  readonly outcome: 'done' | 'failed';
  readonly durationMs: number;
  /** The locks that made other statements wait. */
  readonly locks: readonly { readonly relation: string; readonly mode: string; readonly heldMs: number }[];
}

/** The progress of an index build. */
export interface IndexEvent {
  readonly name: string;
  readonly table: string;
  /** From 0 to 1; null: the build has ended without an index. */
  readonly share: number | null;
}

/** Receives what the phases do. Every method is optional and called synchronously. */
export interface PhaseObserver {
  /** Several phases run as one deployment, until `deployEnded`. */
  deployStarted?(): void;
  deployEnded?(outcome: string): void;
  phaseStarted?(event: PhaseEvent): void;
  phaseEnded?(event: PhaseEvent & { readonly outcome: string }): void;
  migrated?(event: MigrationEvent): void;
  indexProgressed?(event: IndexEvent): void;
}

/** The observers of the phases of this process, e.g. for metrics. */
@Injectable()
export class PhaseObservers {
  readonly #observers = new Set<PhaseObserver>();
  #runs = 0;

  add(observer: PhaseObserver): void {
    this.#observers.add(observer);
  }

  /** Passes the event on. Errors of observers are ignored: they must not end a phase. */
  notify(notify: (observer: PhaseObserver) => void): void {
    for (const observer of this.#observers) {
      try {
        notify(observer);
      } catch {
        // Ignored.
      }
    }
  }

  /** Runs a phase between its events. @param work gets what identifies this run of the phase */
  async phase<Report extends { readonly outcome: string }>(
    phase: ObservedPhase,
    run: string | null,
    work: (run: string) => Promise<Report>,
  ): Promise<Report> {
    const event = { phase, run: run ?? `${phase}-${++this.#runs}` };
    this.notify((observer) => observer.phaseStarted?.(event));
    let outcome = 'error';
    try {
      const report = await work(event.run);
      ({ outcome } = report);
      return report;
    } finally {
      this.notify((observer) => observer.phaseEnded?.({ ...event, outcome }));
    }
  }
}
