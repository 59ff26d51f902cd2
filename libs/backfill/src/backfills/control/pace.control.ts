import { isSettingName, type PaceSettings, type SettingName } from './setting.table.js';

/**
 * The settings in force: the value that a person has set, otherwise the declared value. They may change
 * between two batches.
 */
export class PaceControl {
  readonly #declared: PaceSettings;
  #overrides: Partial<PaceSettings> = {};
  #highestLimit: number;

  constructor({ batchSize, pause, workers, maxWorkers }: PaceSettings) {
    this.#declared = { batchSize, pause, workers, maxWorkers };
    this.#highestLimit = this.workerLimit;
  }

  current(): PaceSettings {
    return { ...this.#declared, ...this.#overrides };
  }

  /**
   * The maximum number of workers over all processes. A person who sets `workers` higher than the declared
   * limit also raises the limit, unless a person has set `maxWorkers`.
   */
  get workerLimit(): number {
    const { workers, maxWorkers } = this.current();
    return this.override('maxWorkers') ?? Math.max(workers, maxWorkers);
  }

  /**
   * Whether other processes may share the run. It stays true if the limit is lowered to 1, because other
   * processes may have joined before.
   */
  get isShared(): boolean {
    return this.#highestLimit > 1;
  }

  /** The value that a person has set; null if the declared one is in force. */
  override<Name extends SettingName>(name: Name): PaceSettings[Name] | null {
    return this.#overrides[name] ?? null;
  }

  /** Applies the values in the ledger. It ignores settings that only a newer version of the library has. */
  apply(settings: Readonly<Record<string, string>>): void {
    const known = Object.entries(settings).filter(([name]) => isSettingName(name));
    this.#overrides = Object.fromEntries(
      known.map(([name, text]) => [name, text === 'auto' ? text : Number(text)]),
    );
    this.#highestLimit = Math.max(this.#highestLimit, this.workerLimit);
  }
}
