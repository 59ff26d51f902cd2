import { STEP_001 } from './001-ledger.step.js';
import { STEP_002 } from './002-deploy-lease.step.js';
import { STEP_003 } from './003-control.step.js';
import { STEP_004 } from './004-catch-up.step.js';
import { STEP_005 } from './005-pace.step.js';
import { STEP_006 } from './006-page-order.step.js';
import { STEP_007 } from './007-row-chains.step.js';
import { STEP_008 } from './008-targets.step.js';
import { STEP_009 } from './009-operate.step.js';
import { STEP_010 } from './010-retention.step.js';
import { STEP_011 } from './011-rounds.step.js';
import { STEP_012 } from './012-declarations.step.js';

/** One numbered change of the ledger's tables. */
export interface SchemaStep {
  readonly number: number;
  readonly sql: string;
  /**
   * A release that does not know the step can still use the ledger, e.g. after a rollback of the application: its
   * statements have the same effect as before. @default false
   */
  readonly additive?: boolean;
}

/** All changes, in order. The SQL of a released step never changes: a change of the tables is a new step. */
export const SCHEMA_STEPS: readonly SchemaStep[] = [
  { number: 1, sql: STEP_001 },
  { number: 2, sql: STEP_002 },
  { number: 3, sql: STEP_003 },
  { number: 4, sql: STEP_004 },
  { number: 5, sql: STEP_005 },
  { number: 6, sql: STEP_006 },
  { number: 7, sql: STEP_007 },
  { number: 8, sql: STEP_008 },
  { number: 9, sql: STEP_009, additive: true },
  { number: 10, sql: STEP_010, additive: true },
  { number: 11, sql: STEP_011, additive: true },
  { number: 12, sql: STEP_012, additive: true },
];
