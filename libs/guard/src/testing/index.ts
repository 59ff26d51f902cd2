export { DataInMigrationsError } from './data-in-migrations.error.js';
export {
  expectSafeLocks,
  type LockDataSource,
  type LockMigration,
  type LockQueryRunner,
} from './expect-safe-locks.js';
export { expectSchemaOnly, type SchemaOnlyOptions } from './expect-schema-only.js';
export { UnannouncedLockError, type UnannouncedLockReport } from './unannounced-lock.error.js';
