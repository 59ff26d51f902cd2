/** What happens elsewhere while a backfill's own code runs: between the reading of a batch's rows and their writing. */
export class Interlude {
  #action: ((keys: readonly unknown[]) => Promise<unknown>) | undefined;

  /** Lets it happen once, in the first batch that the condition holds for. */
  once(
    action: (keys: readonly unknown[]) => Promise<unknown>,
    when: (keys: readonly unknown[]) => boolean = () => true,
  ): void {
    this.#action = async (keys) => {
      if (!when(keys)) return;
      this.#action = undefined;
      await action(keys);
    };
  }

  /** Lets it happen in every batch. */
  always(action: (keys: readonly unknown[]) => Promise<unknown>): void {
    this.#action = action;
  }

  never(): void {
    this.#action = undefined;
  }

  /** For the backfill to call. */
  async happen(keys: readonly unknown[]): Promise<void> {
    await this.#action?.(keys);
  }
}
