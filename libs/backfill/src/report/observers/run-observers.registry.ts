import { Inject, Injectable } from '@nestjs/common';
import type { BackfillObserver } from '../observer.js';
import { PhaseObservers } from './phase-observers.registry.js';
import { ignoreObserverErrors } from '../observer.wrapper.js';

/** A run does not end later than this because of its watchers, in milliseconds. */
const MAX_FLUSH_MS = 2_000;

/** An observer of every run of this process, e.g. for metrics. */
export interface RunWatcher {
  readonly observer: BackfillObserver;
  /** Writes what the watcher still holds. Called at the end of each run; it must not take long and never throws. */
  readonly flush?: () => Promise<void>;
}

/** The observers of every run of this process, beside the observer of its request. */
@Injectable()
export class RunObservers {
  /** The observers of the phases. */
  readonly phases: PhaseObservers;
  readonly #watchers = new Set<RunWatcher>();

  constructor(@Inject(PhaseObservers) phases: PhaseObservers) {
    this.phases = phases;
  }

  add(watcher: RunWatcher): void {
    this.#watchers.add(watcher);
  }

  /** Passes each event to the observer of the request and to all others. @param run identifies the run */
  observe(own: BackfillObserver | undefined, run: string): BackfillObserver {
    const watchers = [...this.#watchers].map(({ observer }) => observer);
    const all = [...(own ? [own] : []), ...watchers].map(ignoreObserverErrors);
    return {
      started: (event) => all.forEach((observer) => observer.started({ ...event, run })),
      progressed: (event) => all.forEach((observer) => observer.progressed({ ...event, run })),
      waiting: (event) => all.forEach((observer) => observer.waiting({ ...event, run })),
      quarantined: (event) => all.forEach((observer) => observer.quarantined({ ...event, run })),
      noted: (event) => all.forEach((observer) => observer.noted({ ...event, run })),
      ranged: (event) => all.forEach((observer) => observer.ranged({ ...event, run })),
      finished: (report) => all.forEach((observer) => observer.finished({ ...report, run })),
    };
  }

  /** Waits for the watchers, not longer than `MAX_FLUSH_MS`: the database may be away. */
  async flush(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, MAX_FLUSH_MS)));
    const flushed = Promise.all([...this.#watchers].map(async ({ flush }) => flush?.()));
    await Promise.race([flushed, timeout]);
    clearTimeout(timer);
  }
}
