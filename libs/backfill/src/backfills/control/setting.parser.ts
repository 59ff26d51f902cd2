import { isWithin } from '../../options/number-bounds.js';
import { parseDuration } from '../../text/duration.parser.js';
import { SettingValueError, UnknownSettingError } from './setting.error.js';
import {
  DEFAULT_VALUE,
  isSettingName,
  SETTINGS,
  type PaceSettings,
  type SettingDefinition,
  type SettingName,
} from './setting.table.js';

/**
 * New values by the name of the setting; null restores the declared value. Units are as in `PaceSettings`.
 * @publicApi
 */
export type SettingChanges = { readonly [Name in SettingName]?: PaceSettings[Name] | null };

/** One checked change; the value null restores the declared value. */
export interface SettingChange {
  readonly setting: SettingName;
  readonly value: PaceSettings[SettingName] | null;
}

/**
 * @param text e.g. `500`, `20ms`, `default`
 * @throws UnknownSettingError, SettingValueError
 */
export function parseSetting(key: string, text: string): SettingChange {
  if (!isSettingName(key)) throw new UnknownSettingError(key);
  if (text === DEFAULT_VALUE) return { setting: key, value: null };
  const { isTime, canBeAuto }: SettingDefinition = SETTINGS[key];
  if (canBeAuto && text === 'auto') return { setting: key, value: text };
  const value = isTime ? parseDuration(text, { defaultUnit: 'ms' }) : parseNumber(text);
  return checked(key, value ?? Number.NaN, text);
}

/** @throws UnknownSettingError, SettingValueError */
export function checkChanges(changes: SettingChanges): readonly SettingChange[] {
  return Object.entries(changes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => {
      if (!isSettingName(key)) throw new UnknownSettingError(key);
      const { canBeAuto }: SettingDefinition = SETTINGS[key];
      if (value === null || (canBeAuto && value === 'auto')) return { setting: key, value };
      return checked(key, Number(value), String(value));
    });
}

function checked(setting: SettingName, value: number, text: string): SettingChange {
  if (!isWithin(value, SETTINGS[setting])) throw new SettingValueError(setting, text);
  return { setting, value };
}

function parseNumber(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : undefined;
}
