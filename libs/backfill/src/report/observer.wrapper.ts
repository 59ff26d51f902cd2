import type { BackfillObserver } from './observer.js';

/** Passes every event on to the observer, except those that `overrides` handles instead. */
export function wrapObserver(observer: BackfillObserver, overrides: BackfillObserver): BackfillObserver {
  return { ...forward(observer, (notify) => notify()), ...overrides };
}

/** An observer that fails, e.g. a logger whose disk is full, must not end the run: its errors are ignored. */
export function ignoreObserverErrors(observer: BackfillObserver): Required<BackfillObserver> {
  return forward(observer, (notify) => {
    try {
      notify();
    } catch {
      // The observer is the only place where this could be reported.
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
    noted: (event) => deliver(() => observer.noted?.(event)),
    finished: (report) => deliver(() => observer.finished?.(report)),
  };
}
