import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { PaceOptions } from './backfills/declare/backfill.options.js';
import type { ThrottleOptions } from './backfills/throttle/throttle.options.js';
import type { MigrationModuleOptions } from './migrations/migrations-module.options.js';
import type { CatchUpModuleOptions } from './schedule/catch-up.options.js';

/** What `BackfillModule.forRoot` takes. */
export interface BackfillModuleOptions {
  /** The schema of the ledger's own tables, in each data source's database. @default 'nestjs_backfill' */
  readonly schema?: string;
  /** For every backfill that does not say otherwise. */
  readonly defaults?: PaceOptions;
  /** When runs make way for the rest of the database, for every backfill that does not say otherwise. `false`: never. */
  readonly throttles?: ThrottleOptions | false;
  /**
   * Milliseconds after which a process that gives no sign of life loses what it works on: the ranges of a backfill, which it
   * renews its lease on with every batch, and the migrations and indexes phases.
   * @default 30_000
   */
  readonly leaseDuration?: number;
  /**
   * When a running application looks for rows that are left, or that became pending again, and does them. Needs `@nestjs/schedule`.
   * `false` turns it off, whatever single backfills say. One-shot runs never catch up.
   * @default only the backfills that say so themselves
   */
  readonly catchUp?: CatchUpModuleOptions | false;
  /** For the schema migrations of every data source. */
  readonly migrations?: MigrationModuleOptions;
}

const MODULE = {
  schema: true,
  defaults: true,
  throttles: true,
  leaseDuration: true,
  catchUp: true,
  migrations: true,
} as const satisfies Record<keyof BackfillModuleOptions, true>;

export const MODULE_OPTION_NAMES = Object.keys(MODULE);

export const MODULE_DEFAULTS = {
  schema: 'nestjs_backfill',
  leaseDuration: 30_000,
} as const satisfies BackfillModuleOptions;

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<BackfillModuleOptions>({
    moduleName: 'Backfill',
  })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build();
