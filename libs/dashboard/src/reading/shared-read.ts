import { messageOf } from 'nestjs-backfill/errors';

/** What is known of a phase. */
export interface PhaseRead<T> {
  /** Null: it has not been read yet. */
  readonly value: T | null;
  readonly error: string | null;
}

/** A value that several requests read together, and that is read again when it is old. */
export class SharedRead<T> {
  readonly #read: () => Promise<T>;
  readonly #maxAgeMs: number;
  #reading: Promise<T> | null = null;
  #last: PhaseRead<T> = { value: null, error: null };
  #readAt = -Infinity;

  constructor(read: () => Promise<T>, maxAgeMs: number) {
    this.#read = read;
    this.#maxAgeMs = maxAgeMs;
  }

  /** @throws what reading throws */
  get(): Promise<T> {
    const isFresh = performance.now() - this.#readAt < this.#maxAgeMs;
    if (isFresh && this.#last.value !== null) return Promise.resolve(this.#last.value);
    return (this.#reading ??= this.#start());
  }

  /** The value if it arrives in time, otherwise the last one. Never throws. */
  async within(ms: number): Promise<PhaseRead<T>> {
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, ms)));
    await Promise.race([this.get().catch(() => undefined), timeout]);
    clearTimeout(timer);
    return this.#last;
  }

  forget(): void {
    this.#readAt = -Infinity;
  }

  async #start(): Promise<T> {
    const startedAt = performance.now();
    try {
      const value = await this.#read();
      this.#last = { value, error: null };
      this.#readAt = startedAt;
      return value;
    } catch (error) {
      this.#last = { value: null, error: messageOf(error) };
      throw error;
    } finally {
      this.#reading = null;
    }
  }
}
