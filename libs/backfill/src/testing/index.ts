export { testDatabase, type TestDatabase, type TestDatabaseOptions } from './database/test-database.js';
export { falsifiesWhere } from './properties/falsifies-where.js';
export { isIdempotent } from './properties/is-idempotent.js';
export { isSameBesideWriter } from './properties/is-same-beside-writer.js';
export { isSameInAnyBatchSize } from './properties/is-same-in-any-batch-size.js';
export { isSameWhenKilled } from './properties/is-same-when-killed.js';
export { leavesTheRestAlone } from './properties/leaves-the-rest-alone.js';
export { RehearsalError, TestDatabaseError } from './rehearsal.error.js';
export type {
  RehearsalOptions,
  RehearsalProperty,
  RehearsalStage,
  RehearsedRun,
  RehearsedRunOptions,
  RowChange,
  StoredChange,
} from './rehearsal.options.js';
export type { Rehearsal } from './rehearsal.js';
export { rehearse } from './rehearse.js';
