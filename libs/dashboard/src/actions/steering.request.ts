import { SettingValueError } from 'nestjs-backfill/errors';
import { keyFromText } from '../reading/key.text.js';
import { TEXTS } from '../texts.js';
import { SETTING_NAMES, type SteeringAction } from './action.table.js';
import { SteeringRefusal } from './steering.refusal.js';

/** An action that a person has asked for. */
export interface SteeringRequest {
  readonly action: SteeringAction;
  readonly name: string;
  readonly by: string;
  readonly reason: string;
  /** Tables or schemas; empty: all. */
  readonly targets: readonly string[];
  readonly settings: Readonly<Record<string, number | 'auto' | null>>;
  /** The rows in quarantine to retry; null: all of them. */
  readonly keys: readonly (readonly string[])[] | null;
}

type Fields = Readonly<Record<string, unknown>>;

const { malformed } = TEXTS.errors;
const MAX_REASON = 500;
const MAX_TARGETS = 100;
const MAX_SHOWN = 100;
const TIME = /^(\d+(?:\.\d+)?)\s*(ms|s)?$/;

/** The fields of each action beside its reason and the token of the form. */
const FIELDS: Readonly<Record<SteeringAction, readonly string[]>> = {
  pause: ['targets'],
  resume: ['targets'],
  cancel: ['targets'],
  set: [...SETTING_NAMES, 'targets'],
  retry: ['keys', 'rows'],
  run: [],
};

/**
 * Reads the fields of a form or of a JSON body. A field that cannot be read is an error: without it, the action would be
 * carried out on more than the person has asked for.
 *
 * @throws SteeringRefusal, SettingValueError
 */
export function readSteering(
  subject: Pick<SteeringRequest, 'action' | 'name' | 'by'>,
  sent: Fields,
): SteeringRequest {
  const { action } = subject;
  const body = withoutNulls(sent);
  refuseUnknown(action, body);
  const reason = (textOf(body['reason']) ?? '').replace(/\p{Cc}+/gu, ' ').trim();
  if (reason === '') throw new SteeringRefusal(422, TEXTS.errors.reason);
  if (reason.length > MAX_REASON) throw new SteeringRefusal(422, TEXTS.errors.tooLong);
  return {
    ...subject,
    reason,
    targets: FIELDS[action].includes('targets') ? readTargets(body['targets']) : [],
    settings: action === 'set' ? readSettings(body) : {},
    keys: action === 'retry' ? readRows(body) : null,
  };
}

/** Many clients send null for a field that is not set: it must not remove the pause that another person has set. */
function withoutNulls(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

/** A misspelt field must not be taken for a missing one. */
function refuseUnknown(action: SteeringAction, body: Fields): void {
  const known = [...FIELDS[action], 'reason'];
  const unknown = Object.keys(body).find((field) => field !== 'csrf' && !known.includes(field));
  if (unknown !== undefined)
    throw new SteeringRefusal(400, malformed.unknown(shortened(unknown), action, known));
}

/** An array, or a text with commas. Missing, or the empty field of a form: all. */
function readTargets(given: unknown): readonly string[] {
  if (given === undefined || given === '') return [];
  const listed: readonly unknown[] = Array.isArray(given)
    ? given
    : typeof given === 'string'
      ? given.split(',').filter((part) => part.trim() !== '')
      : [];
  const targets = listed.map((target) => (typeof target === 'string' ? target.trim() : ''));
  if (targets.length === 0 || targets.includes('')) throw new SteeringRefusal(400, malformed.targets);
  if (targets.length > MAX_TARGETS) throw new SteeringRefusal(400, malformed.manyTargets(MAX_TARGETS));
  return targets;
}

function readSettings(body: Fields): SteeringRequest['settings'] {
  const given = SETTING_NAMES.map((name) => [name, settingText(name, body[name])] as const);
  return Object.fromEntries(
    given.filter(([, value]) => value !== '').map(([name, value]) => [name, readSetting(name, value)]),
  );
}

/** Missing, or the empty field of a form: no change. */
function settingText(name: string, given: unknown): string {
  if (given === undefined) return '';
  const text = textOf(given);
  if (text === null) throw new SteeringRefusal(400, malformed.setting(name));
  return text.trim();
}

function readSetting(name: (typeof SETTING_NAMES)[number], value: string): number | 'auto' | null {
  if (value === 'default') return null;
  if (value === 'auto') return value;
  const [, number, unit] = TIME.exec(value) ?? [];
  if (number === undefined || (unit !== undefined && name !== 'pause'))
    throw new SettingValueError(name, shortened(value));
  return Number(number) * (unit === 's' ? 1000 : 1);
}

/** The whole quarantine only where no key is given. A form says with `rows` which of both it means. */
function readRows({ rows, keys }: Fields): SteeringRequest['keys'] {
  const hasNone = keys === undefined || (typeof keys === 'string' && keys.trim() === '');
  if (rows !== undefined && rows !== 'all' && rows !== 'chosen')
    throw new SteeringRefusal(400, malformed.rows);
  if (rows === 'all' && hasNone) return null;
  if (rows === 'all') throw new SteeringRefusal(400, malformed.keysOfAll);
  if (rows === 'chosen' && hasNone) throw new SteeringRefusal(400, malformed.noneChosen);
  return keys === undefined ? null : readKeys(keys);
}

/** Keys as an array of arrays, or one on each line. */
function readKeys(given: unknown): SteeringRequest['keys'] {
  const keys = typeof given === 'string' ? linesOf(given).map(keyFromText) : given;
  if (!Array.isArray(keys) || keys.length === 0 || !keys.every(isKey))
    throw new SteeringRefusal(400, malformed.keys);
  return keys;
}

function linesOf(text: string): readonly string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
}

function isKey(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((part) => typeof part === 'string');
}

/** Null for what is no text and no number. */
function textOf(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}

function shortened(text: string): string {
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
}
