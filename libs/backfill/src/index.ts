export { BackfillModule } from './backfill.module.js';
export type { BackfillModuleOptions } from './backfill.module-definition.js';
export { ImportedTwiceError } from './backfill.module.error.js';
export { BackfillError, type BackfillErrorDetails } from './errors/backfill.error.js';
export { BackfillService } from './backfills/backfill.service.js';
export { Backfill } from './backfills/declare/backfill.decorator.js';
export type { IndexReference } from './backfills/declare/index.directory.js';
export type { CatchUpOptions, CatchUpWindow } from './backfills/declare/catch-up.options.js';
export type { Canary, TenantOrder } from './backfills/declare/tenant.options.js';
export type { BackfillOptions, PaceOptions, PendingPredicate } from './backfills/declare/backfill.options.js';
export type { BackfillKind } from './report/backfill-kind.js';
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
export { UnknownColumnError } from './backfills/declare/errors/column.error.js';
export {
  UnknownDataSourceError,
  UnsupportedDatabaseError,
} from './backfills/declare/errors/data-source.error.js';
export { DependencyCycleError, UnknownDependencyError } from './backfills/declare/errors/dependency.error.js';
export { UnknownEntityError } from './backfills/declare/errors/entity.error.js';
export { UndeclaredIndexError } from './backfills/declare/errors/index-reference.error.js';
export { KeyChangedError, MissingPrimaryKeyError } from './backfills/declare/errors/key.error.js';
export { UnclearBackfillKindError } from './backfills/declare/errors/kind.error.js';
export { DuplicateBackfillNameError, UnknownBackfillError } from './backfills/declare/errors/name.error.js';
export {
  InvalidPredicateError,
  PredicateNotFalsifiedError,
} from './backfills/declare/errors/predicate.error.js';
export { RequestScopedBackfillError } from './backfills/declare/errors/scope.error.js';
export { TenantNotDeclaredError } from './backfills/declare/errors/tenant.error.js';
export { InvalidBackfillOptionError } from './options/option.error.js';
export {
  NothingToSetError,
  SettingValueError,
  UnknownSettingError,
} from './backfills/control/setting.error.js';
export type { SettingChanges } from './backfills/control/setting.parser.js';
export type { PaceSettings } from './backfills/control/setting.table.js';
export type { ControlledBackfill, ControlOptions } from './report/control-report.js';
export type { BackfillObserver, BackfillProgress, BackfillWait } from './report/observer.js';
export type { BackfillPlan, PlanReport } from './report/plan.js';
export type { BackfillPhaseReport, BackfillReport, PhaseOutcome, TenantReport } from './report/report.js';
export type { RunRequest } from './report/request.js';
export type { BackfillStatusReport, StatusReport } from './report/status-report.js';
export {
  BackfillRetryError,
  InvalidStatementError,
  StillPendingError,
  TableMismatchError,
  TooManyQuarantinedError,
  TransformResultError,
} from './backfills/run.error.js';
export type { BackfillProof } from './backfills/status/completion.prover.js';
export { BackfillThrottle } from './backfills/throttle/backfill-throttle.decorator.js';
export type { ActiveThrottle } from './report/active-throttle.js';
export type {
  BackfillThrottleOptions,
  ThrottleCheck,
  ThrottleContext,
} from './backfills/throttle/throttle-check.js';
export { RequestScopedThrottleError, ThrottleDeclarationError } from './backfills/throttle/throttle.error.js';
export {
  MAINTENANCE_KINDS,
  type MaintenanceKind,
  type ThrottleOptions,
} from './backfills/throttle/throttle.options.js';
export { ArgumentError, UnknownArgumentError } from './one-shot/arguments/arguments.error.js';
export type { DeployReport, LeftWork } from './deploy/deploy.report.js';
export type { DataSourceIndexes, IndexesReport } from './indexes/indexes.report.js';
export { IndexesService, type IndexesRequest } from './indexes/indexes.service.js';
export { isOneShot } from './one-shot/invocation.js';
export type { DataSourceMigrations, MigrateReport, MigrateStatus } from './migrations/migrate.report.js';
export type { MigrationModuleOptions } from './migrations/migrations-module.options.js';
export { MigrationsService, type MigrateRequest } from './migrations/migrations.service.js';
export { runOneShot, type RunOneShotOptions } from './one-shot/run-one-shot.js';
export { DatabaseRefusedError, DatabaseUnreachableError } from './one-shot/startup/start-up.error.js';
export type { SettingInForce } from './ledger/control.ledger.js';
export { IllegalTransitionError, LedgerInstallError, LedgerTooNewError } from './ledger/ledger.error.js';
export { BACKFILL_STATUSES, STATUS_TRANSITIONS, type BackfillStatus } from './ledger/status.js';

export { DeployLeaseLostError } from './ledger/lease/deploy-lease.error.js';
export type { CatchUpClock } from './schedule/catch-up.clock.js';
export {
  InvalidCatchUpNumberError,
  InvalidCronExpressionError,
  InvalidWindowError,
  JitterTooLongError,
  NeverDueError,
  SchedulerMissingError,
  UnclearScheduleError,
  UnknownTimeZoneError,
} from './schedule/catch-up.error.js';
export type { CatchUpModuleOptions } from './schedule/catch-up.options.js';
export { guardMigrations, type GuardMigrationsOptions } from './migrations/migration.guarding.js';
export {
  runMigrations,
  migrationStatus,
  type RunMigrationsOptions,
} from './migrations/run/migration.phase.js';
export { retryUnlessRefused } from './migrations/nest-retry.js';
export { SchemaMigration } from './migrations/schema-migration.js';
export { addForeignKey, setNotNull, type ForeignKeyStep } from './migrations/safe-steps.js';
export type {
  CompletionGate,
  CompletionProof,
  DataExemption,
  DdlPolicy,
  IncompletePolicy,
  MigrationDeclaration,
  MigrationLog,
} from './migrations/migration.options.js';
export type {
  DeferredMigration,
  ExemptMigration,
  FailedMigration,
  MigrationOutcome,
  MigrationPhaseReport,
  MigrationStatus,
  RanMigration,
} from './migrations/migration.report.js';
export {
  DataInMigrationError,
  InvalidMigrationOptionError,
  MigrationBlockedError,
  MigrationDeclarationError,
  MigrationRefusedError,
  RequirementNotMetError,
  RowsWrittenError,
  UnprovableRequirementError,
  type UnmetRequirement,
} from './migrations/migration.error.js';
export { buildIndexes, type BuildIndexesOptions } from './indexes/build/build-indexes.js';
export { DuplicateIndexNameError, IndexBuildError, IndexDeclarationError } from './indexes/index.error.js';
export type { DeclaredIndex, IndexMethod, OnlineIndexOptions } from './indexes/declare/index.options.js';
export type {
  IndexOutcome,
  IndexPhaseReport,
  IndexReport,
  IndexStatus,
  UndeclaredIndex,
} from './indexes/index.report.js';
export { OnlineIndex } from './indexes/declare/online-index.decorator.js';
