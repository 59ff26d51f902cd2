import { isSettingName, type PaceSettings, type SettingName } from './setting.table.js';

/** The settings in force: what a person has set meanwhile, and what the code says of the rest. Read it before each batch. */
export class PaceControl {
  readonly #declared: PaceSettings;
  #set: Partial<PaceSettings> = {};
  #mostEver: number;

  constructor({ batchSize, pause, workers, maxWorkers }: PaceSettings) {
    this.#declared = { batchSize, pause, workers, maxWorkers };
    this.#mostEver = this.most;
  }

  current(): PaceSettings {
    return { ...this.#declared, ...this.#set };
  }

  /** Workers at most, over all processes. Who sets more workers wants them, unless a limit was set as well. */
  get most(): number {
    const { workers, maxWorkers } = this.current();
    return this.set('maxWorkers') ?? Math.max(workers, maxWorkers);
  }

  /** Whether other processes may have a part in it: a limit of one that was set meanwhile does not make them never have been there. */
  get isShared(): boolean {
    return this.#mostEver > 1;
  }

  /** What a person has set, and wants just so; null where the code's word holds. */
  set<Name extends SettingName>(name: Name): PaceSettings[Name] | null {
    return this.#set[name] ?? null;
  }

  /** What the ledger says is set. What a newer version of the library knows, and this one does not, is left out. */
  follow(settings: Readonly<Record<string, string>>): void {
    const known = Object.entries(settings).filter(([name]) => isSettingName(name));
    this.#set = Object.fromEntries(
      known.map(([name, text]) => [name, text === 'auto' ? text : Number(text)]),
    );
    this.#mostEver = Math.max(this.#mostEver, this.most);
  }
}
