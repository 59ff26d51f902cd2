export { loadClassifier, StatementClassifier } from './classification/statement.classifier.js';
export type {
  Classification,
  ClassifyOptions,
  DataFinding,
  DmlOperation,
  Routine,
  RoutineCall,
  Statement,
  TableName,
  Unknown,
  WhereShape,
} from './classification/statement.types.js';
export { isExtensionFunction } from './functions/extension-functions.js';
export { temporaryAfterCommit } from './functions/temporary-tables.js';
export { isInert } from './functions/inert-ddl.js';
export type { ParseFailure } from './parser/sql-parser.js';
export type { TextPosition } from './text/text-position.js';
export type { DdlStatement } from './locks/ddl-statement.js';
export { DroppedObjects, isRestorable } from './locks/dropped-objects.js';
export { LOCK_EFFECTS, type LockSeverity, type RuleEffect } from './locks/lock-effects.js';
export { LockJudge, type LockInspection } from './locks/lock-judge.js';
export {
  LOCK_RULES,
  type Blocked,
  type ColumnType,
  type KnownColumn,
  type KnownTable,
  type LockCatalog,
  type LockEffect,
  type LockFinding,
  type LockMode,
  type LockNames,
  type LockRule,
  type SequenceUser,
} from './locks/lock.types.js';
export { SchemaState } from './locks/schema-state.js';
export type { LockContext } from './locks/statement-inspection.js';
export { isSameName } from './locks/table-names.js';
export { isUtcZone } from './locks/rules/statement.rules.js';
export { columnsProvenByText } from './locks/proven-columns.js';
export { typeOfText } from './locks/column-types.js';
export { LOCK_REMEDIES } from './locks/remedies/lock-remedies.js';
export type { LockRemedy } from './locks/remedies/lock-remedy.types.js';
export { safeStatements } from './locks/remedies/safe-code.js';
export { lockLookups, type LockLookups } from './locks/lock-lookups.js';
export {
  OBSERVED_LOCKS,
  observedLockOf,
  RELATION_FILES,
  relationFilesOf,
  type ObservedLock,
  type RelationFiles,
} from './witness/lock-observation.js';
export {
  namedTables,
  unannouncedLocks,
  type BeforeStatement,
  type UnannouncedLock,
} from './witness/unannounced-locks.js';
