import { setMaxListeners } from 'node:events';
import { formatDuration } from '../../../text/duration.format.js';
import { onAbort } from '../../../text/abort.listener.js';

export interface StopOptions {
  readonly signal?: AbortSignal | undefined;
  /** The time limit in milliseconds, from the creation of the signal. */
  readonly maxDurationMs?: number | undefined;
  /** Returns the reason to stop as a sentence, or null to continue. Called often. */
  readonly stopWhen?: (() => string | null) | undefined;
}

/** Combines the reasons to stop a run: an abort signal, a time limit, and the caller's own condition. */
export class StopSignal {
  readonly #signal: AbortSignal;
  readonly #deadline: number | null;
  readonly #maxDurationMs: number | undefined;
  readonly #stopWhen: (() => string | null) | undefined;

  constructor({ signal, maxDurationMs, stopWhen }: StopOptions) {
    this.#stopWhen = stopWhen;
    this.#signal = signal ?? new AbortController().signal;
    // Each worker adds a listener while it sleeps or connects. Node.js would warn of a leak.
    setMaxListeners(0, this.#signal);
    this.#maxDurationMs = maxDurationMs;
    this.#deadline = maxDurationMs === undefined ? null : performance.now() + maxDurationMs;
  }

  /**
   * A copy with an additional time limit. If this signal also has a reason to stop, its reason is reported.
   */
  withTimeLimit(ms: number): StopSignal {
    return new StopSignal({
      signal: this.#signal,
      maxDurationMs: Math.max(0, this.#untilDeadline(ms)),
      stopWhen: () => this.reason,
    });
  }

  /** A copy for one turn of a run whose time is shared. */
  forTurn(ms: number): StopSignal {
    const endsAt = performance.now() + ms;
    return new StopSignal({
      signal: this.#signal,
      maxDurationMs: Math.max(0, this.#untilDeadline(ms)),
      stopWhen: () => this.reason ?? (performance.now() >= endsAt ? turnEnded(ms) : null),
    });
  }

  /** Milliseconds until the time limit; null without one. */
  get remainingMs(): number | null {
    return this.#deadline === null ? null : Math.max(0, this.#deadline - performance.now());
  }

  /** The abort signal. The time limit does not abort it, so that the current batch can finish. */
  get signal(): AbortSignal {
    return this.#signal;
  }

  /** The reason to stop, as a sentence; null if the run may continue. */
  get reason(): string | null {
    if (this.#signal.aborted) return `Stopped by ${describeAbort(this.#signal.reason)}.`;
    const requested = this.#stopWhen?.() ?? null;
    if (requested !== null) return requested;
    if (this.#deadline !== null && performance.now() >= this.#deadline) {
      return `Stopped at its time limit of ${Math.round(this.#maxDurationMs ?? 0) / 1000} s.`;
    }
    return null;
  }

  /** Sleeps for `ms`. Returns early if the signal is aborted or the time limit is reached. */
  async sleep(ms: number): Promise<void> {
    const remainingMs = this.#untilDeadline(ms);
    if (remainingMs <= 0 || this.#signal.aborted) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        removeListener();
        resolve();
      };
      const timer = setTimeout(wake, remainingMs);
      const removeListener = onAbort(this.#signal, wake);
    });
  }

  /** The shorter of `ms` and the time to the deadline, in milliseconds. */
  #untilDeadline(ms: number): number {
    return this.#deadline === null ? ms : Math.min(ms, this.#deadline - performance.now());
  }
}

function turnEnded(ms: number): string {
  return `Stopped at the end of its turn of ${formatDuration(ms)}: backfills with work left share the time limit.`;
}

function describeAbort(reason: unknown): string {
  return typeof reason === 'string' ? reason : 'a request to stop';
}
