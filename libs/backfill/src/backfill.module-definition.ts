import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { PaceOptions } from './backfills/declare/backfill.options.js';
import { PACE_DEFAULTS } from './backfills/declare/pace.js';
import { THROTTLE_DEFAULTS } from './backfills/throttle/throttle.limits.js';
import type { ThrottleOptions } from './backfills/throttle/throttle.options.js';
import type { Redaction } from './errors/redaction.js';
import { LEDGER_DEFAULTS } from './ledger/ledger.options.js';
import { DDL_POLICY } from './migrations/migration.options.js';
import type { MigrationModuleOptions } from './migrations/migrations-module.options.js';
import { CATCH_UP_DEFAULTS, type CatchUpModuleOptions } from './schedule/catch-up.options.js';

/** The options of `BackfillModule.forRoot`. @publicApi */
export interface BackfillModuleOptions {
  /** The schema of the ledger's own tables, in each data source's database. @default 'nestjs_backfill' */
  readonly schema?: string;
  /** The pace of every backfill that does not set its own. @default see `PaceOptions` */
  readonly defaults?: PaceOptions;
  /**
   * The load limits at which a run waits. They apply to every backfill that does not set its own limits.
   * `false` turns all throttles off.
   * @default see `ThrottleOptions`
   */
  readonly throttles?: ThrottleOptions | false;
  /**
   * Milliseconds after which a process without a heartbeat loses its leases: on the ranges of a backfill,
   * which each batch renews, and on the migrations and indexes phases. Another process then continues the
   * work. At least 1000.
   * @default 30_000
   */
  readonly leaseDuration?: number;
  /**
   * Lets a running application change rows that are still pending or became pending again. Needs
   * `@nestjs/schedule`. `false` turns catch-up off, also for backfills with their own `catchUp` options.
   * One-shot runs never catch up.
   * @default on only for the backfills with their own `catchUp`
   */
  readonly catchUp?: CatchUpModuleOptions | false;
  /**
   * The names of backfills that are complete in every database and whose classes were removed. A migration that
   * `requires` one of them runs on a new database, and where the ledger records the backfill as complete. `dependsOn`
   * may name them too.
   * @default []
   */
  readonly retired?: readonly string[];
  /**
   * What of the texts of errors may be logged, recorded in the ledger, reported and shown: they may hold values of rows.
   * `true`: the SQLSTATE and the names of constraint, table and column of an error of the database, and the class of any
   * other error. Or a function of the text. It applies to the process.
   * @default texts are not redacted
   */
  readonly redact?: Redaction;
  /** The schema migrations of every data source. @default see `MigrationModuleOptions` */
  readonly migrations?: MigrationModuleOptions;
}

/**
 * The defaults of all module options. `catchUp` has the defaults of its options; catch-up itself is off by
 * default.
 */
export const MODULE_DEFAULTS = {
  ...LEDGER_DEFAULTS,
  defaults: PACE_DEFAULTS,
  throttles: THROTTLE_DEFAULTS,
  catchUp: CATCH_UP_DEFAULTS,
  retired: [],
  redact: undefined,
  migrations: { locks: 'refuse', policy: DDL_POLICY },
} as const satisfies Required<Omit<BackfillModuleOptions, 'redact'>> & { readonly redact: undefined };

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<BackfillModuleOptions>({
    moduleName: 'Backfill',
  })
    .setClassMethodName('forRoot')
    .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({ ...definition, global: isGlobal }))
    .build();
