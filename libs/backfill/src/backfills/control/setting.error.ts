import { BackfillError } from '../../errors/backfill.error.js';
import { describeBounds } from '../../options/number-bounds.js';
import { nearest } from '../../text/nearest.js';
import {
  DEFAULT_VALUE,
  SETTING_NAMES,
  SETTINGS,
  type SettingDefinition,
  type SettingName,
} from './setting.table.js';

const MAX_SHOWN_TARGETS = 10;

/** The name is not a setting that can be changed while a backfill runs. @publicApi */
export class UnknownSettingError extends BackfillError {
  constructor(key: string) {
    const meant = nearest(key, SETTING_NAMES);
    super(`"${key}" cannot be set while a backfill runs.`, {
      subject: key,
      remedy: `${meant ? `Did you mean ${meant}? ` : ''}It takes ${SETTING_NAMES.join(', ')}.`,
    });
  }
}

/** The value of a setting is not a number or is out of bounds. @publicApi */
export class SettingValueError extends BackfillError {
  constructor(name: SettingName, value: string) {
    const bounds: SettingDefinition = SETTINGS[name];
    const values = [
      describeBounds(bounds),
      ...(bounds.isTime ? ['a time with its unit such as 20ms or 1.5s'] : []),
      ...(bounds.canBeAuto ? ['"auto"'] : []),
    ];
    super(`${name} cannot be "${value}".`, {
      subject: name,
      remedy: `Give ${values.join(', or ')}; "${DEFAULT_VALUE}" returns to the declared value.`,
    });
  }
}

/** No table of the backfill in the ledger has this name or is in this schema. @publicApi */
export class UnknownTargetError extends BackfillError {
  constructor(backfill: string, target: string, known: readonly string[]) {
    const meant = nearest(target, known);
    const shown = known.slice(0, MAX_SHOWN_TARGETS);
    const hidden = known.length - shown.length;
    super(
      `The ledger has no table "${target}" of backfill "${backfill}", nor one in a schema of this name.`,
      {
        subject: target,
        remedy: `${meant ? `Did you mean ${meant}? ` : ''}It has ${shown.length === 0 ? 'none yet' : shown.join(', ')}${hidden > 0 ? ` and ${hidden} more` : ''}.`,
      },
    );
  }
}

/** A request to change settings contains no setting. @publicApi */
export class NothingToSetError extends BackfillError {
  constructor(backfill: string) {
    super(`No setting was given for "${backfill}".`, {
      subject: backfill,
      remedy: `Give e.g. batchSize=500 pause=20ms. It takes ${SETTING_NAMES.join(', ')}.`,
    });
  }
}
