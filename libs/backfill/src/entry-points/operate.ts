/**
 * The entry point `nestjs-backfill/operate`: what pages, exporters and programs read and receive.
 *
 * @packageDocumentation
 */
export { BackfillRecords, type RecordTarget } from '../backfills/records/records.service.js';
export type {
  BackfillEvent,
  BackfillEventBase,
  BackfillEventType,
  BackfillQuarantinedEvent,
  BackfillStatusEvent,
  BackfillThrottledEvent,
  MigrationDeferredEvent,
} from '../operate/events/event.types.js';
export {
  BackfillHealthIndicator,
  type HealthOptions,
  type HealthProblem,
  type HealthResult,
  type HealthRules,
  type HealthSeverity,
} from '../operate/health/backfill.health.js';
export type { RecordedBackfill } from '../ledger/records/overview.ledger.js';
export { OnBackfill } from '../operate/events/on-backfill.decorator.js';
export type {
  BackfillDeclaration,
  BackfillOverview,
  HistoryEntry,
  OverviewReport,
  QuarantinedRow,
  QuarantineGroup,
  QuarantineQuery,
  RangeRecord,
  RecordPage,
  RoundRecord,
  SamplePoint,
  TenantQuery,
  TenantSort,
} from '../report/records.js';
