import { CONTROL_VERBS, type ControlVerb } from '../../backfills/report/control-report.js';
import {
  parseSetting,
  type SettingChange,
  type SettingChanges,
} from '../../backfills/control/setting.parser.js';
import { ArgumentValueError, SettingArgumentError, ContradictoryArgumentsError } from './arguments.error.js';

/** What a person wants of backfills that may be running at this moment. */
export interface ControlArguments {
  readonly verb: ControlVerb;
  /** At least one. */
  readonly names: readonly string[];
  /** With `--set`; else empty. */
  readonly changes: SettingChanges;
  readonly why: string | undefined;
}

/** `key=value` behind `--set`; a backfill's name holds no `=`. */
const isSetting = (word: string): boolean => word.includes('=');

/**
 * @param given by the arguments' names
 * @param words that stand free: names of backfills, and `key=value`
 * @throws {ArgumentError} undefined when none of the verbs is given
 */
export function parseControl(
  given: ReadonlyMap<string, readonly string[]>,
  words: readonly string[],
): ControlArguments | undefined {
  const [verb] = CONTROL_VERBS.filter((each) => given.has(each));
  if (verb === undefined) return undefined;
  const all = [...(given.get(verb) ?? []), ...words];
  const names = [...new Set(all.filter((word) => !isSetting(word)))];
  if (names.length === 0) throw new ArgumentValueError(verb, 'needs the name of a backfill');
  const settings = all.filter(isSetting);
  if (verb !== 'set' && settings[0] !== undefined)
    throw new ArgumentValueError(verb, `takes no ${settings[0]}`);
  if (verb === 'set' && settings.length === 0) throw new ArgumentValueError(verb, 'names nothing to set');
  return { verb, names, changes: changesOf(settings), why: onlyOne(given.get('why') ?? []) };
}

function changesOf(settings: readonly string[]): SettingChanges {
  const changes = new Map<string, SettingChange['value']>();
  for (const text of settings) {
    const at = text.indexOf('=');
    const { setting, value } = parsed(text.slice(0, at), text.slice(at + 1));
    if (changes.has(setting) && changes.get(setting) !== value)
      throw new ContradictoryArgumentsError(`two values of ${setting}`, text, 'only one can hold');
    changes.set(setting, value);
  }
  return Object.fromEntries(changes);
}

function parsed(key: string, text: string): SettingChange {
  try {
    return parseSetting(key, text);
  } catch (error) {
    throw new SettingArgumentError(key, error);
  }
}

function onlyOne(texts: readonly string[]): string | undefined {
  const [first, second] = [...new Set(texts)];
  if (second !== undefined)
    throw new ContradictoryArgumentsError(`--why ${first}`, `--why ${second}`, 'only one is kept');
  return first;
}
