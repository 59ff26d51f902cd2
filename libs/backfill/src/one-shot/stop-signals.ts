import { renderDuration } from '../text/format.js';

/** What asks a process to stop: an orchestrator, or a person at the terminal. */
const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/** The batch in hand has this long to commit, so that the process has left 5 s after the signal. */
export const STOP_GRACE_MS = 4_500;

/**
 * Ctrl+C reaches the application twice, from the terminal and passed on by `nest start`: what comes within this time of the
 * first is the same wish.
 */
export const SAME_SIGNAL_MS = 1_000;

/** How often to look whether the command line is still there. */
const PARENT_CHECK_MS = 500;

const COMMAND_LINE_ENDED = 'The command line that started the run ended';

export interface StopSignalsOptions {
  /**
   * The `nest start` that this process belongs to, whose end is a wish to stop: it passes a signal on to the shell that it
   * started the application with, and where that shell dies of it, the application is left alone and never hears of it.
   */
  readonly commandLine: 'alive' | 'ended' | undefined;
  /** Milliseconds from the first signal to the end. @default STOP_GRACE_MS */
  readonly graceMs?: number;
  /** Milliseconds in which a second signal is the first one again. @default SAME_SIGNAL_MS */
  readonly sameSignalMs?: number;
}

/**
 * Listens to SIGTERM and SIGINT: the first one asks the run to stop, a second one, or 4.5 s, ends it.
 */
export class StopSignals {
  readonly #controller = new AbortController();
  readonly #listeners = SIGNALS.map((signal) => ({ signal, heard: (): void => this.#hear(signal) }));
  readonly #graceMs: number;
  readonly #sameSignalMs: number;
  #firstAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #parentCheck: NodeJS.Timeout | undefined;
  #end: (reason: string) => void = () => undefined;

  /** Settles when the run may not go on any longer, with the reason. */
  readonly impatient = new Promise<string>((resolve) => (this.#end = resolve));

  constructor({ commandLine, graceMs = STOP_GRACE_MS, sameSignalMs = SAME_SIGNAL_MS }: StopSignalsOptions) {
    this.#graceMs = graceMs;
    this.#sameSignalMs = sameSignalMs;
    for (const { signal, heard } of this.#listeners) process.on(signal, heard);
    if (commandLine === 'alive') this.#watch(process.ppid);
    if (commandLine === 'ended') this.#hear(COMMAND_LINE_ENDED);
  }

  /** Aborted at the first signal; its reason is the signal's name. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The application's own default holds again. */
  release(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#parentCheck);
    for (const { signal, heard } of this.#listeners) process.off(signal, heard);
  }

  #watch(parent: number): void {
    this.#parentCheck = setInterval(() => {
      if (process.ppid === parent) return;
      clearInterval(this.#parentCheck);
      this.#hear(COMMAND_LINE_ENDED);
    }, PARENT_CHECK_MS);
    this.#parentCheck.unref();
  }

  #hear(signal: string): void {
    const now = performance.now();
    if (this.#firstAt === undefined) {
      this.#firstAt = now;
      this.#timer = setTimeout(
        () => this.#end(`${signal}; the batch in hand did not end within ${renderDuration(this.#graceMs)}`),
        this.#graceMs,
      );
      this.#controller.abort(signal);
    } else if (now - this.#firstAt > this.#sameSignalMs) {
      this.#end(`${signal}, for the second time`);
    }
  }
}
