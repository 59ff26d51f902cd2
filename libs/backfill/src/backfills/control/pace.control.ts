import type { PaceSettings } from './setting.table.js';
import { isSettingName, type SettingName } from './setting.table.js';

/** The settings in force: what a person has set meanwhile, and what the code says of the rest. Read it before each batch. */
export class PaceControl {
  readonly #declared: PaceSettings;
  #set: Partial<Record<SettingName, number>> = {};

  constructor(declared: PaceSettings) {
    this.#declared = declared;
  }

  current(): PaceSettings {
    return { ...this.#declared, ...this.#set };
  }

  /** Whether a person has set it, and wants just that. */
  isSet(name: SettingName): boolean {
    return this.#set[name] !== undefined;
  }

  /** What the ledger says is set; what a newer version of the library knows, and this one does not, is left out. */
  follow(settings: Readonly<Record<string, number>>): void {
    this.#set = Object.fromEntries(Object.entries(settings).filter(([name]) => isSettingName(name)));
  }
}
