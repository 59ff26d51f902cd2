import { nearest } from '../../text/nearest.js';
import type { BackfillOptions } from './backfill.options.js';
import type { CatchUpOptions, CatchUpWindow } from './catch-up.options.js';
import { InvalidBackfillOptionError } from './declaration.error.js';
import { PACE_DEFAULTS } from './pace.js';
import type { Canary } from './tenant.options.js';

export const PACE_NAMES = Object.keys(PACE_DEFAULTS);

const CATCH_UP = {
  cron: true,
  interval: true,
  timeZone: true,
  window: true,
  jitter: true,
  maxDuration: true,
} as const satisfies Record<keyof CatchUpOptions, true>;

const CATCH_UP_NAMES = Object.keys(CATCH_UP);

const WINDOW = { from: true, to: true, timeZone: true } as const satisfies Record<keyof CatchUpWindow, true>;

const CANARY = { tenants: true, then: true } as const satisfies Record<keyof Canary, true>;

export const CANARY_NAMES = Object.keys(CANARY);

const BACKFILL = {
  name: true,
  entity: true,
  where: true,
  version: true,
  dataSource: true,
  tenant: true,
  index: true,
  canary: true,
  tenantOrder: true,
  dependsOn: true,
  catchUp: true,
  kind: true,
  reads: true,
  writes: true,
  into: true,
  conflict: true,
  throttles: true,
} as const satisfies Record<Exclude<keyof BackfillOptions, keyof typeof PACE_DEFAULTS>, true>;

export const BACKFILL_NAMES = [...Object.keys(BACKFILL), ...PACE_NAMES];

/**
 * Nothing is ignored: a misspelt `workers` would leave the run at its default, and nobody would know. The compiler sees it in a
 * literal only, not in JavaScript and not in what a factory returns.
 *
 * @param path of the object that holds the options, e.g. `defaults`; empty for the outermost
 * @throws InvalidBackfillOptionError naming the option
 */
export function refuseUnknown(className: string, given: unknown, known: readonly string[], path = ''): void {
  if (typeof given !== 'object' || given === null) return;
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  const meant = nearest(unknown, known);
  throw new InvalidBackfillOptionError(
    className,
    path === '' ? unknown : `${path}.${unknown}`,
    'is not known',
    `${meant === undefined ? '' : `Did you mean \`${meant}\`? `}It takes ${known.join(', ')}.`,
  );
}

/** @param more what `catchUp` takes in this place besides @throws InvalidBackfillOptionError naming the option */
export function refuseUnknownCatchUp(className: string, given: unknown, more: readonly string[] = []): void {
  refuseUnknown(className, given, [...CATCH_UP_NAMES, ...more], 'catchUp');
  if (typeof given === 'object' && given !== null && 'window' in given)
    refuseUnknown(className, given.window, Object.keys(WINDOW), 'catchUp.window');
}
