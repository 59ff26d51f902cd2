const CHECK_INTERVAL_MS = 500;

/** Detects the end of the parent process: the system then gives this process another parent. */
export class ParentWatch {
  readonly #timer: NodeJS.Timeout;

  constructor(onEnd: () => void) {
    const parent = process.ppid;
    this.#timer = setInterval(() => {
      if (process.ppid === parent) return;
      this.stop();
      onEnd();
    }, CHECK_INTERVAL_MS);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
