/**
 * The entry point `nestjs-backfill/errors`: every error class that an application can meet.
 *
 * @packageDocumentation
 */
export { DuplicateVersionError } from '../identity/duplicate-version.error.js';
export { ImportedTwiceError } from '../errors/imported-twice.error.js';
export { RetryKeysError } from '../backfills/control/retry-keys.check.js';
export {
  NothingToSetError,
  SettingValueError,
  UnknownTargetError,
  UnknownSettingError,
} from '../backfills/control/setting.error.js';
export {
  NoRecordsError,
  RecordsInUseError,
  RetentionError,
} from '../backfills/housekeeping/housekeeping.error.js';
export type { Redact, RedactionContext } from '../errors/redaction.js';
export { isDatabaseAway, messageOf, stackOf } from '../postgres/error-classes.js';
export { CommandBlockedError, CommandStoppedError } from '../backfills/control/command.error.js';
export { CascadesNotAcceptedError } from '../backfills/batch/cascade/cascade.error.js';
export { UnknownColumnError } from '../backfills/declare/errors/column.error.js';
export {
  UnknownDataSourceError,
  UnsupportedDatabaseError,
} from '../backfills/declare/errors/data-source.error.js';
export {
  DependencyCycleError,
  UnknownDependencyError,
} from '../backfills/declare/errors/dependency.error.js';
export { UnknownEntityError } from '../backfills/declare/errors/entity.error.js';
export { UndeclaredIndexError } from '../backfills/declare/errors/index-reference.error.js';
export { KeyChangedError, MissingPrimaryKeyError } from '../backfills/declare/errors/key.error.js';
export { UnclearBackfillKindError } from '../backfills/declare/errors/kind.error.js';
export {
  DuplicateBackfillNameError,
  FormerNameError,
  RetiredBackfillError,
  UnknownBackfillError,
} from '../backfills/declare/errors/name.error.js';
export {
  InvalidPredicateError,
  PredicateNotFalsifiedError,
} from '../backfills/declare/errors/predicate.error.js';
export { RequestScopedBackfillError } from '../backfills/declare/errors/scope.error.js';
export { TenantNotDeclaredError } from '../backfills/declare/errors/tenant.error.js';
export {
  BackfillRetryError,
  CodeStatementError,
  FailingPredicateError,
  InvalidStatementError,
  KeyNotIndexedError,
  MissingRightError,
  NotInDatabaseError,
  RowsHiddenError,
  StillPendingError,
  SwallowedError,
  TableMismatchError,
  PlanBlockedError,
  TooManyQuarantinedError,
  TransactionEndedError,
  TransformResultError,
} from '../backfills/run.error.js';
export {
  RequestScopedThrottleError,
  ThrottleDeclarationError,
  ThrottleUnreadableError,
} from '../backfills/throttle/throttle.error.js';
export { BackfillModuleMissingError } from '../deploy/module-missing.error.js';
export { BackfillError, type BackfillErrorDetails } from '../errors/backfill.error.js';
export { ForRootMissingError } from '../errors/for-root-missing.error.js';
export { DuplicateIndexNameError, IndexBuildError, IndexDeclarationError } from '../indexes/index.error.js';
export { DeployLeaseLostError } from '../ledger/lease/deploy-lease.error.js';
export {
  FormerNameInUseError,
  IllegalTransitionError,
  LedgerInstallError,
  LedgerTooNewError,
  LedgerValueError,
  OpenUnderBothNamesError,
} from '../ledger/ledger.error.js';
export {
  DangerousLockError,
  DataInMigrationError,
  InvalidMigrationOptionError,
  MigrationBlockedError,
  MigrationDeclarationError,
  MigrationRefusedError,
  RequirementNotMetError,
  RowsWrittenError,
  TransactionTimeoutError,
  UnprovableRequirementError,
} from '../migrations/migration.error.js';
export {
  ArgumentError,
  ArgumentValueError,
  ArgumentWithoutPhaseError,
  ContradictoryArgumentsError,
  MissingCompanionError,
  MissingPhaseError,
  NamesWithoutBackfillError,
  SettingArgumentError,
  UnknownArgumentError,
} from '../one-shot/arguments/arguments.error.js';
export {
  ApplicationStartError,
  DatabaseRefusedError,
  DatabaseUnreachableError,
  StoppedAtStartError,
} from '../one-shot/startup/start-up.error.js';
export { InvalidBackfillOptionError } from '../options/option.error.js';
export {
  InvalidCatchUpNumberError,
  InvalidCronExpressionError,
  InvalidWindowError,
  JitterTooLongError,
  NeverDueError,
  SchedulerMissingError,
  UnclearScheduleError,
  UnknownTimeZoneError,
} from '../schedule/catch-up.error.js';
export { RehearsalError, TestDatabaseError } from '../testing/rehearsal.error.js';
export { EventHandlerError } from '../operate/events/event.error.js';
export { UnsafeSearchPathError } from '../postgres/server/search-path.js';
