import { refuseUnknownOptions, showOption } from '../../../options/known-options.js';
import { isWithin } from '../../../options/number-bounds.js';
import { InvalidBackfillOptionError } from '../../../options/option.error.js';
import type { BackfillOptions } from '../../declare/backfill.options.js';
import { checkCatchUpShape } from '../../declare/catch-up.checker.js';
import { BACKFILL_NAMES, CANARY_NAMES } from '../../declare/known-options.js';
import { checkSettings } from './settings.checker.js';

const NAME = /^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/;
const MAX_NAME_LENGTH = 200;

/** The maximum of PostgreSQL's type `integer`. */
const MAX_VERSION = 2_147_483_647;

/**
 * Checks the options that do not depend on the entity. The TypeScript compiler checks most of them too, but
 * not in JavaScript, and not values that a function returns.
 *
 * @throws InvalidBackfillOptionError naming the option
 */
export function checkDeclaration(className: string, options: BackfillOptions): void {
  checkName(className, options.name);
  checkVersion(className, options.version);
  refuseUnknownOptions(className, options, { names: BACKFILL_NAMES });
  refuseUnknownOptions(className, options.canary, { names: CANARY_NAMES, path: 'canary' });
  for (const option of ['writes', 'conflict', 'dependsOn', 'formerly'] as const)
    checkNames(className, option, options[option]);
  checkReads(className, options.reads);
  checkCatchUpShape(className, options.catchUp);
  checkKind(className, options.kind);
  checkCascades(className, options);
  checkSettings(className, options.settings);
  checkTouch(className, options.touch);
}

function checkName(className: string, name: unknown): void {
  if (typeof name === 'string' && NAME.test(name) && name.length <= MAX_NAME_LENGTH) return;
  throw new InvalidBackfillOptionError(
    className,
    'name',
    `is ${JSON.stringify(name)}`,
    'It is the key of the record in the ledger: lower case letters and digits, joined by single dashes, e.g. "leads-search-name".',
  );
}

function checkVersion(className: string, version: unknown): void {
  if (version === undefined || isWithin(version, { min: 1, max: MAX_VERSION, unit: '' })) return;
  throw new InvalidBackfillOptionError(
    className,
    'version',
    `is ${showOption(version)}`,
    `Give a whole number from 1 to ${MAX_VERSION}.`,
  );
}

function checkNames(className: string, option: string, value: unknown): void {
  if (value === undefined || (Array.isArray(value) && value.every((each) => typeof each === 'string')))
    return;
  throw new InvalidBackfillOptionError(
    className,
    option,
    `is ${JSON.stringify(value)}`,
    `Give a list of names, e.g. \`${option}: ["…"]\`.`,
  );
}

function checkReads(className: string, reads: unknown): void {
  if (typeof reads !== 'object' || reads === null || Array.isArray(reads))
    return checkNames(className, 'reads', reads);
  const wrong = Object.entries(reads).find(([, form]) => form !== 'value' && form !== 'text');
  if (wrong === undefined) return;
  throw new InvalidBackfillOptionError(
    className,
    'reads',
    `has ${JSON.stringify(wrong[1])} for "${wrong[0]}"`,
    "Give 'text' for PostgreSQL's text, or 'value', e.g. `reads: { at: 'text', name: 'value' }`.",
  );
}

function checkKind(className: string, kind: unknown): void {
  if (kind === undefined || kind === 'purge') return;
  throw new InvalidBackfillOptionError(
    className,
    'kind',
    `is ${JSON.stringify(kind)}`,
    "`kind` accepts only 'purge'. The method that the class implements determines any other kind.",
  );
}

function checkCascades(className: string, { cascades, into }: BackfillOptions): void {
  if (cascades === undefined || (cascades === 'accepted' && into === undefined)) return;
  throw new InvalidBackfillOptionError(
    className,
    'cascades',
    cascades === 'accepted'
      ? 'is given, but the backfill only inserts rows'
      : `is ${JSON.stringify(cascades)}`,
    "Leave it out, or give 'accepted' in a backfill that deletes rows or changes a column that other tables refer to.",
  );
}

function checkTouch(className: string, touch: unknown): void {
  if (touch === undefined || typeof touch === 'boolean') return;
  throw new InvalidBackfillOptionError(
    className,
    'touch',
    `is ${JSON.stringify(touch)}`,
    'Give true or false.',
  );
}
