import { Injectable } from '@nestjs/common';
import type { BackfillObserver } from './observer.js';
import { ignoreObserverErrors } from './observer.wrapper.js';

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
  readonly #watchers = new Set<RunWatcher>();

  add(watcher: RunWatcher): void {
    this.#watchers.add(watcher);
  }

  /** Passes each event to the observer of the request and to all others. */
  observe(own: BackfillObserver | undefined): BackfillObserver {
    const others = [...this.#watchers].map(({ observer }) => ignoreObserverErrors(observer));
    if (others.length === 0) return own ?? {};
    const all: readonly BackfillObserver[] = own ? [own, ...others] : others;
    return {
      started: (event) => all.forEach((observer) => observer.started?.(event)),
      progressed: (event) => all.forEach((observer) => observer.progressed?.(event)),
      waiting: (event) => all.forEach((observer) => observer.waiting?.(event)),
      quarantined: (event) => all.forEach((observer) => observer.quarantined?.(event)),
      noted: (event) => all.forEach((observer) => observer.noted?.(event)),
      finished: (report) => all.forEach((observer) => observer.finished?.(report)),
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
