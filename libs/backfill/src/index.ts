export type { BackfillModuleOptions } from './backfill.module-definition.js';
export { BackfillModule } from './backfill.module.js';
export { BackfillService } from './backfills/backfill.service.js';
export type { SettingChanges } from './backfills/control/setting.parser.js';
export type { PaceSettings } from './backfills/control/setting.table.js';
export { Backfill } from './backfills/declare/backfill.decorator.js';
export type { BackfillOptions, PaceOptions, PendingPredicate } from './backfills/declare/backfill.options.js';
export type { CatchUpOptions, CatchUpWindow } from './backfills/declare/catch-up.options.js';
export type { IndexReference } from './backfills/declare/index.directory.js';
export type {
  BatchContext,
  CopyBackfill,
  ProcessBackfill,
  ProcessBatch,
  RowColumns,
  SetBackfill,
  SetExpressions,
  TransformBackfill,
} from './backfills/declare/kinds.js';
export type { Canary, TenantOrder } from './backfills/declare/tenant.options.js';
export {
  BackfillRetryError,
  FailingPredicateError,
  KeyNotIndexedError,
  RowsHiddenError,
  SwallowedError,
  TransactionEndedError,
} from './backfills/run.error.js';
export { BackfillThrottle } from './backfills/throttle/backfill-throttle.decorator.js';
export type {
  BackfillThrottleOptions,
  ThrottleCheck,
  ThrottleContext,
} from './backfills/throttle/throttle-check.js';
export { ThrottleUnreadableError } from './backfills/throttle/throttle.error.js';
export {
  MAINTENANCE_KINDS,
  type MaintenanceKind,
  type ThrottleOptions,
} from './backfills/throttle/throttle.options.js';
export { BackfillError, type BackfillErrorDetails } from './errors/backfill.error.js';
export { buildIndexes } from './indexes/build/build-indexes.js';
export type { BuildIndexesOptions } from './indexes/build/build-indexes.options.js';
export type { DeclaredIndex, IndexMethod, OnlineIndexOptions } from './indexes/declare/index.options.js';
export { OnlineIndex } from './indexes/declare/online-index.decorator.js';
export { type IndexesRequest, IndexesService } from './indexes/indexes.service.js';
export { BACKFILL_STATUSES, type BackfillStatus, STATUS_TRANSITIONS } from './ledger/status.js';
export { guardMigrations, type GuardMigrationsOptions } from './migrations/migration.guarding.js';
export type {
  CompletionGate,
  DataExemption,
  DdlPolicy,
  IncompletePolicy,
  MigrationDeclaration,
  MigrationLog,
} from './migrations/migration.options.js';
export type { MigrationModuleOptions } from './migrations/migrations-module.options.js';
export { type MigrateRequest, MigrationsService } from './migrations/migrations.service.js';
export { retryUnlessRefused } from './migrations/nest-retry.js';
export { runMigrations, type RunMigrationsOptions } from './migrations/run/migration.phase.js';
export { migrationStatus } from './migrations/run/migration.status.js';
export { addForeignKey, type ForeignKeyStep, setNotNull } from './migrations/steps/safe-steps.js';
export { SchemaMigration } from './migrations/schema-migration.js';
export {
  ArgumentError,
  ArgumentValueError,
  ArgumentWithoutPhaseError,
  ContradictoryArgumentsError,
  MissingPhaseError,
  NamesWithoutBackfillError,
  SettingArgumentError,
  UnknownArgumentError,
} from './one-shot/arguments/arguments.error.js';
export { isOneShot } from './one-shot/invocation.js';
export { runOneShot, type RunOneShotOptions } from './one-shot/run-one-shot.js';
export type { ActiveThrottle } from './report/active-throttle.js';
export type { BackfillKind } from './report/backfill-kind.js';
export type { ControlOptions } from './report/control-report.js';
export type { BackfillObserver, BackfillProgress, BackfillWait } from './report/observer.js';
export type { BackfillPhaseReport, BackfillReport } from './report/report.js';
export type { RunRequest } from './report/request.js';
export type { CatchUpClock } from './schedule/catch-up.clock.js';
export type { CatchUpModuleOptions } from './schedule/catch-up.options.js';
