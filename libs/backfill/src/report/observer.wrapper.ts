import type { BackfillObserver } from './observer.js';

/** Passes every event on to the observer, except those that `overrides` handles instead. */
export function wrapObserver(observer: BackfillObserver, overrides: BackfillObserver): BackfillObserver {
  return { ...forward(observer, (notify) => notify()), ...overrides };
}

/**
 * Ignores errors of the observer: a failing observer, e.g. a logger with a full disk, must not end the run.
 */
export function ignoreObserverErrors(observer: BackfillObserver): Required<BackfillObserver> {
  return forward(observer, (notify) => {
    try {
      notify();
    } catch {
      // Ignored: the observer is the only channel for reports.
    }
  });
}

function forward(
  observer: BackfillObserver,
  deliver: (notify: () => void) => void,
): Required<BackfillObserver> {
  return {
    started: (event) => deliver(() => observer.started?.(event)),
    progressed: (event) => deliver(() => observer.progressed?.(event)),
    waiting: (event) => deliver(() => observer.waiting?.(event)),
    quarantined: (event) => deliver(() => observer.quarantined?.(event)),
    noted: (event) => deliver(() => observer.noted?.(event)),
    ranged: (event) => deliver(() => observer.ranged?.(event)),
    finished: (report) => deliver(() => observer.finished?.(report)),
  };
}
