/**
 * The entry point `nestjs-backfill/operate`: what pages, exporters and programs read and receive.
 *
 * @packageDocumentation
 */
export { BackfillRecords, type RecordTarget } from '../backfills/records/records.service.js';
export type {
  BackfillDeclaration,
  BackfillOverview,
  HistoryEntry,
  OverviewReport,
  QuarantineGroup,
  RangeRecord,
  RecordPage,
  SamplePoint,
  TenantQuery,
  TenantSort,
} from '../report/records.js';
