import type { BackfillOptions } from './backfill.options.js';
import { PACE_DEFAULTS } from './pace.js';
import type { Canary } from './tenant.options.js';

/** The names of the pace options, which `@Backfill` and the module's `defaults` accept. */
export const PACE_NAMES = Object.keys(PACE_DEFAULTS);

const CANARY = { tenants: true, then: true } as const satisfies Record<keyof Canary, true>;

export const CANARY_NAMES = Object.keys(CANARY);

const BACKFILL = {
  name: true,
  formerly: true,
  entity: true,
  where: true,
  version: true,
  dataSource: true,
  tenant: true,
  lagColumn: true,
  index: true,
  canary: true,
  tenantOrder: true,
  dependsOn: true,
  catchUp: true,
  kind: true,
  cascades: true,
  settings: true,
  touch: true,
  reads: true,
  writes: true,
  into: true,
  conflict: true,
  throttles: true,
} as const satisfies Record<Exclude<keyof BackfillOptions, keyof typeof PACE_DEFAULTS>, true>;

/** The names of all options of `@Backfill`. */
export const BACKFILL_NAMES = [...Object.keys(BACKFILL), ...PACE_NAMES];
