import { BackfillError } from '../../errors/backfill.error.js';
import { describeBounds } from '../../options/number-bounds.js';
import { nearest } from '../../text/nearest.js';
import {
  DEFAULT_WORD,
  SETTING_NAMES,
  SETTINGS,
  type SettingDefinition,
  type SettingName,
} from './setting.table.js';

/** Something that cannot be set while a backfill runs. */
export class UnknownSettingError extends BackfillError {
  constructor(key: string) {
    const meant = nearest(key, SETTING_NAMES);
    super(`"${key}" cannot be set while a backfill runs.`, {
      subject: key,
      remedy: `${meant ? `Did you mean ${meant}? ` : ''}It takes ${SETTING_NAMES.join(', ')}.`,
    });
  }
}

/** A setting's value is out of its bounds, or no number. */
export class SettingValueError extends BackfillError {
  constructor(name: SettingName, value: string) {
    const bounds: SettingDefinition = SETTINGS[name];
    const { isTime, canBeAuto } = bounds;
    super(`${name} cannot be "${value}".`, {
      subject: name,
      remedy: `Give ${describeBounds(bounds)}${isTime ? ', or a time with its unit such as 20ms or 1.5s' : ''}${canBeAuto ? ', or "auto"' : ''}; "${DEFAULT_WORD}" takes it back.`,
    });
  }
}

/** `--set` without anything to set. */
export class NothingToSetError extends BackfillError {
  constructor(backfill: string) {
    super(`Nothing is said that should be set for "${backfill}".`, {
      subject: backfill,
      remedy: `Write e.g. batchSize=500 pause=20ms; it takes ${SETTING_NAMES.join(', ')}.`,
    });
  }
}
