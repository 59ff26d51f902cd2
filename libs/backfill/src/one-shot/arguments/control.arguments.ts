import {
  parseSetting,
  type SettingChange,
  type SettingChanges,
} from '../../backfills/control/setting.parser.js';
import { CONTROL_VERBS, type ControlVerb } from '../../report/control-report.js';
import { ArgumentValueError, ContradictoryArgumentsError, SettingArgumentError } from './arguments.error.js';
import type { GivenArguments } from './arguments.tokenizer.js';

/** A control command for backfills, which may be running. */
export interface ControlArguments {
  readonly verb: ControlVerb;
  /** At least one. */
  readonly names: readonly string[];
  /** The settings of `--set`; empty for the other commands. */
  readonly changes: SettingChanges;
  readonly why: string | undefined;
  /** Tables or schemas; empty for every target. */
  readonly targets: readonly string[];
}

/**
 * @param positionals names of backfills, and `key=value` for `--set`
 * @returns undefined without `--set`, `--pause`, `--resume` and `--cancel`
 * @throws {ArgumentError}
 */
export function parseControl(
  given: GivenArguments,
  positionals: readonly string[],
): ControlArguments | undefined {
  const verb = CONTROL_VERBS.find((each) => given.has(each));
  if (verb === undefined) return undefined;
  const words = [...(given.get(verb) ?? []), ...positionals];
  const names = [...new Set(words.filter((word) => !isSetting(word)))];
  if (names.length === 0) throw new ArgumentValueError(verb, 'needs the name of a backfill');
  const settings = words.filter(isSetting);
  assertSettings(verb, settings);
  return {
    verb,
    names,
    changes: parseSettings(settings),
    why: reasonOf(given.get('why') ?? []),
    targets: [...new Set(given.get('target') ?? [])],
  };
}

/** The name of a backfill contains no `=`. */
function isSetting(word: string): boolean {
  return word.includes('=');
}

function assertSettings(verb: ControlVerb, settings: readonly string[]): void {
  const [first] = settings;
  if (verb === 'set' && first === undefined) throw new ArgumentValueError(verb, 'needs a setting to change');
  if (verb !== 'set' && first !== undefined) throw new ArgumentValueError(verb, `does not take ${first}`);
}

function parseSettings(settings: readonly string[]): SettingChanges {
  const changes = new Map<string, SettingChange['value']>();
  for (const text of settings) {
    const { setting, value } = parseSettingArgument(text);
    if (changes.has(setting) && changes.get(setting) !== value)
      throw new ContradictoryArgumentsError(`two values of ${setting}`, text, 'it takes only one value');
    changes.set(setting, value);
  }
  return Object.fromEntries(changes);
}

/** @param text `key=value` */
function parseSettingArgument(text: string): SettingChange {
  const separator = text.indexOf('=');
  const key = text.slice(0, separator);
  try {
    return parseSetting(key, text.slice(separator + 1));
  } catch (error) {
    throw new SettingArgumentError(key, error);
  }
}

function reasonOf(texts: readonly string[]): string | undefined {
  const [first, second] = [...new Set(texts)];
  if (second !== undefined)
    throw new ContradictoryArgumentsError(`--why ${first}`, `--why ${second}`, 'it takes only one value');
  return first;
}
