/**
 * The entry point `nestjs-backfill/steps`: schema changes in steps that never block the application.
 *
 * @packageDocumentation
 */
export {
  addCheck,
  addEnumValue,
  type CheckStep,
  type EnumValueStep,
} from '../migrations/steps/constraint-steps.js';
export {
  changeType,
  type ChangeTypeStep,
  dropColumn,
  type DropColumnStep,
  retireColumn,
} from '../migrations/steps/column-steps.js';
export { addPrimaryKey, addUnique, dropIndex, type UniqueStep } from '../migrations/steps/index-steps.js';
export { attachPartition, type PartitionStep } from '../migrations/steps/partition-steps.js';
export {
  finishRenameColumn,
  finishRenameTable,
  renameColumn,
  type RenameColumnStep,
  renameTable,
  type RenameTableStep,
} from '../migrations/steps/rename-steps.js';
export { addForeignKey, type ForeignKeyStep, setNotNull } from '../migrations/steps/safe-steps.js';
