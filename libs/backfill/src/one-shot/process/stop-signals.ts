import { formatDuration } from '../../text/duration.format.js';
import { ParentWatch } from './parent.watch.js';

/** The signals with which an orchestrator, or a person at a terminal, stops a process. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** The time limit of the current batch after a signal, so that the process ends within 5 s. */
export const STOP_GRACE_MS = 4_500;

/**
 * Ctrl+C reaches the application twice: from the terminal, and from `nest start`. A signal within this time
 * after the first one counts as the same signal.
 */
export const SAME_SIGNAL_MS = 1_000;

const COMMAND_LINE_ENDED = 'The command line that started the run ended';

export interface StopSignalsOptions {
  /**
   * The state of the `nest start` that started this process. Its end counts as a signal, because a signal
   * often does not reach the application: `nest start` sends it to a shell, and the shell ends without
   * passing it on.
   */
  readonly commandLine: 'alive' | 'ended' | undefined;
  /** The time from the first signal to the forced stop. @default STOP_GRACE_MS */
  readonly graceMs?: number;
  /** @default SAME_SIGNAL_MS */
  readonly sameSignalMs?: number;
}

/**
 * Listens to SIGTERM and SIGINT. The first signal requests a stop. A second signal, or the end of the grace
 * period, forces it.
 */
export class StopSignals {
  readonly #controller = new AbortController();
  readonly #listeners = SIGNALS.map((signal) => ({
    signal,
    listener: (): void => this.#receive(signal),
  }));
  readonly #graceMs: number;
  readonly #sameSignalMs: number;
  readonly #parentWatch: ParentWatch | undefined;
  #firstSignalMs: number | undefined;
  #graceTimer: NodeJS.Timeout | undefined;
  #forceStop: (reason: string) => void = () => undefined;

  /** Resolves with the reason when the run must end at once. */
  readonly forceStop = new Promise<string>((resolve) => (this.#forceStop = resolve));

  constructor({ commandLine, graceMs = STOP_GRACE_MS, sameSignalMs = SAME_SIGNAL_MS }: StopSignalsOptions) {
    this.#graceMs = graceMs;
    this.#sameSignalMs = sameSignalMs;
    for (const { signal, listener } of this.#listeners) process.on(signal, listener);
    if (commandLine === 'alive') this.#parentWatch = new ParentWatch(() => this.#receive(COMMAND_LINE_ENDED));
    if (commandLine === 'ended') this.#receive(COMMAND_LINE_ENDED);
  }

  /** Aborted at the first signal, with the name of the signal as the reason. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Removes the listeners, so that Node.js's default applies again. */
  release(): void {
    clearTimeout(this.#graceTimer);
    this.#parentWatch?.stop();
    for (const { signal, listener } of this.#listeners) process.off(signal, listener);
  }

  #receive(signal: string): void {
    const now = performance.now();
    if (this.#firstSignalMs === undefined) this.#requestStop(signal, now);
    else if (now - this.#firstSignalMs > this.#sameSignalMs) this.#forceStop(`${signal}, received again`);
  }

  #requestStop(signal: string, now: number): void {
    this.#firstSignalMs = now;
    this.#graceTimer = setTimeout(() => {
      const grace = formatDuration(this.#graceMs);
      this.#forceStop(`${signal}; the current batch did not end within ${grace}`);
    }, this.#graceMs);
    this.#controller.abort(signal);
  }
}
