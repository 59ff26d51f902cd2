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

const MAX_REASON = 500;
const MAX_TARGETS = 100;
const TIME = /^(\d+(?:\.\d+)?)\s*(ms|s)?$/;

/** Reads the fields of a form or of a JSON body. @throws SteeringRefusal, SettingValueError */
export function readSteering(
  subject: Pick<SteeringRequest, 'action' | 'name' | 'by'>,
  body: Readonly<Record<string, unknown>>,
): SteeringRequest {
  const reason = textOf(body['reason'])
    .replace(/\p{Cc}+/gu, ' ')
    .trim();
  if (reason === '') throw new SteeringRefusal(422, TEXTS.errors.reason);
  if (reason.length > MAX_REASON) throw new SteeringRefusal(422, TEXTS.errors.tooLong);
  const { targets } = body;
  const listed = Array.isArray(targets) ? targets.map(textOf) : textOf(targets).split(',');
  return {
    ...subject,
    reason,
    targets: listed
      .map((target) => target.trim())
      .filter(Boolean)
      .slice(0, MAX_TARGETS),
    settings: subject.action === 'set' ? readSettings(body) : {},
    keys: subject.action === 'retry' ? readKeys(body['keys']) : null,
  };
}

function readSettings(body: Readonly<Record<string, unknown>>): SteeringRequest['settings'] {
  const given = SETTING_NAMES.map((name) => [name, textOf(body[name]).trim()] as const);
  return Object.fromEntries(
    given.filter(([, value]) => value !== '').map(([name, value]) => [name, readSetting(name, value)]),
  );
}

function readSetting(name: (typeof SETTING_NAMES)[number], value: string): number | 'auto' | null {
  if (value === 'default') return null;
  if (value === 'auto') return value;
  const [, number, unit] = TIME.exec(value) ?? [];
  if (number === undefined || (unit !== undefined && name !== 'pause'))
    throw new SettingValueError(name, value);
  return Number(number) * (unit === 's' ? 1000 : 1);
}

/** Keys as an array of arrays, or one on each line. Nothing: null. */
function readKeys(given: unknown): SteeringRequest['keys'] {
  if (given === undefined || given === null) return null;
  if (Array.isArray(given)) return given as SteeringRequest['keys'];
  const lines = textOf(given)
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean);
  return lines.length === 0 ? null : lines.map(keyFromText);
}

function textOf(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
