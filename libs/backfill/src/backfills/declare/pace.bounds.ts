import type { NumberBounds } from '../../options/number-bounds.js';
import type { PaceOptions } from './backfill.options.js';

/** The bounds of one numeric pace option. */
export interface PaceBounds extends NumberBounds {
  /** `'auto'` is accepted too. */
  readonly canBeAuto?: true;
}

/** The values of the pace options that are not numbers. */
export const PACE_CHOICES = {
  synchronousCommit: ['on', 'off'],
  order: ['auto', 'page', 'key'],
} as const satisfies Partial<Record<keyof PaceOptions, readonly string[]>>;

/**
 * The bounds of the pace options. They apply to declared values and to values that a person sets during a
 * run.
 */
export const PACE_BOUNDS = {
  batchSize: { min: 1, max: 100_000, unit: 'rows' },
  maxBatchSize: { min: 1, max: 100_000, unit: 'rows' },
  targetDuration: { min: 1, max: 60_000, unit: 'milliseconds' },
  pause: { min: 0, max: 3_600_000, unit: 'milliseconds', canBeAuto: true },
  lockTimeout: { min: 1, max: 86_400_000, unit: 'milliseconds' },
  statementTimeout: { min: 1, max: 86_400_000, unit: 'milliseconds' },
  idleInTransactionTimeout: { min: 1, max: 86_400_000, unit: 'milliseconds' },
  maxQuarantined: { min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'rows' },
  progressEvery: { min: 1, max: Number.MAX_SAFE_INTEGER, unit: 'batches' },
  workers: { min: 1, max: 100, unit: 'workers' },
  maxWorkers: { min: 1, max: 1_000, unit: 'workers' },
  stripes: { min: 1, max: 32, unit: 'stripes', canBeAuto: true },
} as const satisfies Record<Exclude<keyof PaceOptions, keyof typeof PACE_CHOICES>, PaceBounds>;
