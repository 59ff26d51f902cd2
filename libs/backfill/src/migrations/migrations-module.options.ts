import { refuseUnknown } from '../backfills/declare/known-options.js';
import type { GuardMigrationsOptions } from './migration.guarding.js';
import { DDL_POLICY } from './migration.options.js';
import type { RunMigrationsOptions } from './run/migration.runner.js';

/** What `BackfillModule.forRoot({ migrations })` takes. */
export type MigrationModuleOptions = Pick<GuardMigrationsOptions, 'grandfathered' | 'policy'> &
  Pick<RunMigrationsOptions, 'transaction'>;

const MIGRATIONS = {
  grandfathered: true,
  policy: true,
  transaction: true,
} as const satisfies Record<keyof MigrationModuleOptions, true>;

/** @throws InvalidBackfillOptionError naming the option */
export function refuseUnknownMigrationOptions(given: MigrationModuleOptions): void {
  refuseUnknown('BackfillModule', given, Object.keys(MIGRATIONS), 'migrations');
  refuseUnknown('BackfillModule', given.policy, Object.keys(DDL_POLICY), 'migrations.policy');
}
