import { isSettingName, type PaceSettings, type SettingName } from './setting.table.js';

/**
 * The settings in force: those that a person has set, and the declared ones otherwise. They may change
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
   * The maximum number of workers over all processes. A person who sets more workers wants them, unless a
   * limit is set too.
   */
  get workerLimit(): number {
    const { workers, maxWorkers } = this.current();
    return this.override('maxWorkers') ?? Math.max(workers, maxWorkers);
  }

  /**
   * Whether other processes may share the run. It stays true if the limit is lowered to 1: they may have
   * started before.
   */
  get isShared(): boolean {
    return this.#highestLimit > 1;
  }

  /** The value that a person has set; null if the declared one is in force. */
  override<Name extends SettingName>(name: Name): PaceSettings[Name] | null {
    return this.#overrides[name] ?? null;
  }

  /**
   * Takes over the values in the ledger. Settings that only a newer version of the library knows are left
   * out.
   */
  apply(settings: Readonly<Record<string, string>>): void {
    const known = Object.entries(settings).filter(([name]) => isSettingName(name));
    this.#overrides = Object.fromEntries(
      known.map(([name, text]) => [name, text === 'auto' ? text : Number(text)]),
    );
    this.#highestLimit = Math.max(this.#highestLimit, this.workerLimit);
  }
}
