import type { GuardMigrationsOptions } from '../migrations/migration.guarding.js';
import type { RunMigrationsOptions } from '../migrations/migration.runner.js';

/** What `BackfillModule.forRoot({ migrations })` takes. */
export type MigrationModuleOptions = Pick<GuardMigrationsOptions, 'grandfathered' | 'policy'> &
  Pick<RunMigrationsOptions, 'transaction'>;
