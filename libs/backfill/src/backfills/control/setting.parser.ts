import { SettingValueError, UnknownSettingError } from './setting.error.js';
import {
  DEFAULT_WORD,
  isSettingName,
  SETTINGS,
  type PaceSettings,
  type SettingDefinition,
  type SettingName,
} from './setting.table.js';

/** What is to be set; null takes a setting back. */
export type SettingChanges = { readonly [Name in SettingName]?: PaceSettings[Name] | null };

/** One decided change. */
export interface SettingChange {
  readonly setting: SettingName;
  readonly value: PaceSettings[SettingName] | null;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * @param text e.g. `500`, `20ms`, `default`
 * @throws UnknownSettingError, SettingValueError
 */
export function parseSetting(key: string, text: string): SettingChange {
  if (!isSettingName(key)) throw new UnknownSettingError(key);
  if (text === DEFAULT_WORD) return { setting: key, value: null };
  const { isTime, canBeAuto }: SettingDefinition = SETTINGS[key];
  if (canBeAuto && text === 'auto') return { setting: key, value: text };
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const readable = number !== undefined && (isTime || unit === undefined);
  const value = readable ? Number(number) * (UNITS[unit ?? 'ms'] ?? 1) : Number.NaN;
  return checked(key, value, text);
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
  const { least, most } = SETTINGS[setting];
  if (!Number.isInteger(value) || value < least || value > most) throw new SettingValueError(setting, text);
  return { setting, value };
}
