import { PACE_BOUNDS, type PaceBounds } from '../declare/pace.bounds.js';

/** The settings of the pace that can be changed while a backfill runs. @publicApi */
export interface PaceSettings {
  /** Rows per batch. A size that a person sets does not grow. */
  readonly batchSize: number;
  /** Milliseconds between batches; `'auto'` adapts to the load, as in the option `pause`. */
  readonly pause: number | 'auto';
  /** The number of ranges that one process works on at the same time. */
  readonly workers: number;
  /** The number of ranges that all processes together work on at the same time. */
  readonly maxWorkers: number;
}

export type SettingName = keyof PaceSettings;

/** How one setting is written, and its bounds. */
export interface SettingDefinition extends PaceBounds {
  /** Accepts a time with its unit, e.g. `20ms`; a bare number is milliseconds. */
  readonly isTime?: true;
}

export const SETTINGS = {
  batchSize: PACE_BOUNDS.batchSize,
  pause: { ...PACE_BOUNDS.pause, isTime: true },
  workers: PACE_BOUNDS.workers,
  maxWorkers: PACE_BOUNDS.maxWorkers,
} as const satisfies Record<SettingName, SettingDefinition>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** This value removes a setting, so that the declared value applies again. */
export const DEFAULT_VALUE = 'default';

export function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}
