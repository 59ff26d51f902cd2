import { LOCK_REMEDIES } from 'nestjs-backfill-sql';
import { CODE_REMEDIES } from './remedies/code.remedies.js';
import { MIGRATION_REMEDIES } from './remedies/migration.remedies.js';
import type { Remedy } from './remedies/remedy.types.js';
import { STATEMENT_REMEDIES } from './remedies/statement.remedies.js';
import { TIMELINE_REMEDIES } from './remedies/timeline.remedies.js';
import type { RuleId } from './rule.types.js';

/**
 * The explanation of each rule.
 *
 * @publicApi
 */
export const REMEDIES = {
  ...STATEMENT_REMEDIES,
  ...CODE_REMEDIES,
  ...LOCK_REMEDIES,
  ...MIGRATION_REMEDIES,
  ...TIMELINE_REMEDIES,
} as const satisfies Record<RuleId, Remedy>;
