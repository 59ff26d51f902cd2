import { setMaxListeners } from 'node:events';

/** Tells a run when to stop, and why: a signal, its time limit, or what its caller says between two batches. */
export class StopSignal {
  readonly #signal: AbortSignal;
  readonly #deadline: number | null;
  readonly #maxDurationMs: number | undefined;
  readonly #stopWhen: (() => string | null) | undefined;

  /** @param stopWhen gives the reason in a sentence; asked often */
  constructor(
    signal: AbortSignal | undefined,
    maxDurationMs: number | undefined,
    stopWhen?: () => string | null,
  ) {
    this.#stopWhen = stopWhen;
    this.#signal = signal ?? new AbortController().signal;
    // Each of many workers listens for as long as it rests or connects, which Node.js would take for a leak.
    setMaxListeners(0, this.#signal);
    this.#maxDurationMs = maxDurationMs;
    this.#deadline = maxDurationMs === undefined ? null : performance.now() + maxDurationMs;
  }

  /** The same, with a time limit of its own besides: what stops the whole is told first. */
  within(ms: number): StopSignal {
    const left = this.#deadline === null ? ms : Math.min(ms, this.#deadline - performance.now());
    return new StopSignal(this.#signal, Math.max(0, left), () => this.reason);
  }

  /** For code that listens; aborted by the signal alone, since a time limit lets the batch in hand finish. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** Why to stop, in a sentence; null to go on. */
  get reason(): string | null {
    if (this.#signal.aborted) return `Stopped by ${signalName(this.#signal.reason)}.`;
    const asked = this.#stopWhen?.() ?? null;
    if (asked !== null) return asked;
    if (this.#deadline !== null && performance.now() >= this.#deadline) {
      return `Stopped at its time limit of ${Math.round(this.#maxDurationMs ?? 0) / 1000} s.`;
    }
    return null;
  }

  /** Sleeps, or returns early when it is time to stop. */
  async sleep(ms: number): Promise<void> {
    const left = this.#deadline === null ? ms : Math.min(ms, this.#deadline - performance.now());
    if (left <= 0 || this.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, left);
      this.signal.addEventListener('abort', done, { once: true });
    });
  }
}

function signalName(reason: unknown): string {
  return typeof reason === 'string' ? reason : 'a request to stop';
}
