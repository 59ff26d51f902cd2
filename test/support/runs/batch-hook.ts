/** An action that a test runs inside a batch: after its rows were read, and before they are written. */
export class BatchHook {
  #action: ((keys: readonly unknown[]) => Promise<unknown>) | undefined;

  /** Runs the action once, in the first batch for which the condition holds. */
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

  /** Runs the action in every batch. */
  always(action: (keys: readonly unknown[]) => Promise<unknown>): void {
    this.#action = action;
  }

  /** Removes the action. */
  never(): void {
    this.#action = undefined;
  }

  /** The backfill of the test calls this in each batch. */
  async run(keys: readonly unknown[]): Promise<void> {
    await this.#action?.(keys);
  }
}
