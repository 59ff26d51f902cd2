import { MODULE_NAME, refuseUnknownOptions } from '../options/known-options.js';
import type { GuardMigrationsOptions } from './migration.guarding.js';
import { DDL_POLICY } from './migration.options.js';
import type { RunMigrationsOptions } from './run/migration.phase.js';

/** The options of `BackfillModule.forRoot({ migrations })`. @publicApi */
export type MigrationModuleOptions = Pick<GuardMigrationsOptions, 'grandfathered' | 'locks' | 'policy'> &
  Pick<RunMigrationsOptions, 'transaction'>;

/** The token of the checked `MigrationModuleOptions`. */
export const MIGRATION_OPTIONS = Symbol.for('nestjs-backfill:migration-options');

const NAMES = {
  grandfathered: true,
  locks: true,
  policy: true,
  transaction: true,
} as const satisfies Record<keyof MigrationModuleOptions, true>;

/**
 * Refuses misspelt options. `guardMigrations` checks their values later.
 *
 * @throws InvalidBackfillOptionError naming the option
 */
export function resolveMigrationOptions(given: MigrationModuleOptions = {}): MigrationModuleOptions {
  refuseUnknownOptions(MODULE_NAME, given, { names: Object.keys(NAMES), path: 'migrations' });
  refuseUnknownOptions(MODULE_NAME, given.policy, {
    names: Object.keys(DDL_POLICY),
    path: 'migrations.policy',
  });
  return given;
}
