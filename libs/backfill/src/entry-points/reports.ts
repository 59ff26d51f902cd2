/**
 * The entry point `nestjs-backfill/reports`: the types of all reports and their parts.
 *
 * @packageDocumentation
 */
export type {
  ForgetReport,
  ForgottenBackfill,
  PruneReport,
} from '../backfills/housekeeping/housekeeping.report.js';
export type { BackfillProof, ProofOptions } from '../backfills/status/completion.prover.js';
export type { DatabaseGrants, GrantsReport } from '../deploy/grants/grants.report.js';
export type { DeployReport, LeftWork } from '../deploy/deploy.report.js';
export type { DeclaredIndexState, IndexPresence } from '../indexes/catalog/index.presence.js';
export type {
  IndexOutcome,
  IndexPhaseReport,
  IndexReport,
  IndexStatus,
  UndeclaredIndex,
} from '../indexes/index.report.js';
export type { DataSourceIndexes, IndexesReport, IndexesStatus } from '../indexes/indexes.report.js';
export type { SettingInForce } from '../ledger/control.ledger.js';
export type { ReportedPace, RunLimit } from '../ledger/rows/pace.ledger.js';
export type { PrunedRecords } from '../ledger/records/pruning.ledger.js';
export type { BackfillStatus } from '../ledger/status.js';
export type { HeldLock } from '../migrations/locks/lock-witness.js';
export type { DataSourceMigrations, MigrateReport, MigrateStatus } from '../migrations/migrate.report.js';
export type { UnmetRequirement } from '../migrations/migration.error.js';
export type { CompletionProof, LockExemption, LocksPolicy } from '../migrations/migration.options.js';
export type {
  DeferredMigration,
  ExemptMigration,
  FailedMigration,
  MigrationOutcome,
  MigrationPhaseReport,
  MigrationStatus,
  RanMigration,
} from '../migrations/migration.report.js';
export type { CascadeReport } from '../report/cascade-report.js';
export type { CommandOptions, ControlledBackfill, TableList } from '../report/control-report.js';
export type { BackfillPlan, PlanReport, UnplannedBackfill } from '../report/plan.js';
export type { BackfillPreview, PreviewedRow, PreviewedValues } from '../report/preview.js';
export type {
  ReplicaPrediction,
  RunComparison,
  RunPrediction,
  WayCost,
  WayName,
} from '../report/run-prediction.js';
export type { BackfillPhaseReport, BackfillReport, PhaseOutcome, TenantReport } from '../report/report.js';
export type { BackfillStatusReport, StatusReport, TargetStatus } from '../report/status-report.js';
