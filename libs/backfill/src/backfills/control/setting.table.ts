/** What can be set while a backfill runs. */
export interface PaceSettings {
  /** Rows a batch; set by a person, it is kept to. */
  readonly batchSize: number;
  /** Milliseconds between batches; `'auto'`: as long as they earn. */
  readonly pause: number | 'auto';
  /** Ranges that one process works on at once. */
  readonly workers: number;
  /** Ranges that all processes together work on at once. */
  readonly maxWorkers: number;
}

export type SettingName = keyof PaceSettings;

/** How one setting is written, and within which bounds. */
export interface SettingDefinition {
  readonly least: number;
  readonly most: number;
  readonly unit: string;
  /** Takes a time with its unit, e.g. `20ms`; a bare number is milliseconds. */
  readonly isTime?: true;
  /** Takes `auto` as well. */
  readonly canBeAuto?: true;
}

export const SETTINGS = {
  batchSize: { least: 1, most: 100_000, unit: 'rows' },
  pause: { least: 0, most: 3_600_000, unit: 'milliseconds', isTime: true, canBeAuto: true },
  workers: { least: 1, most: 100, unit: 'workers' },
  maxWorkers: { least: 1, most: 1_000, unit: 'workers' },
} as const satisfies Record<SettingName, SettingDefinition>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** Takes a setting back: what the code says holds again. */
export const DEFAULT_WORD = 'default';

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
