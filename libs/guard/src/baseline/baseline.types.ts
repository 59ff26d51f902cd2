import type { Direction } from '../judge/finding.types.js';
import type { RuleId, Severity } from '../rules/rule.types.js';

/**
 * The version of the baseline's format.
 *
 * @publicApi
 */
export const BASELINE_FORMAT = 1;

/**
 * A grandfathered finding.
 *
 * @publicApi
 */
export interface BaselineEntry {
  readonly rule: RuleId;
  /** Path relative to the baseline's folder, with `/`. */
  readonly file: string;
  /** Fingerprint of the normalised statement: formatting, comments and line numbers do not change it. */
  readonly fingerprint: string;
  readonly direction?: Direction;
  readonly severity: Severity;
  readonly table?: string;
  /** The start of the statement, for readers of the file. */
  readonly statement: string;
}

/**
 * The grandfathered findings of a project.
 *
 * @publicApi
 */
export interface Baseline {
  readonly format: typeof BASELINE_FORMAT;
  readonly counts: Readonly<Record<Severity, number>>;
  /** The largest number of entries so far: the start of the burn-down. */
  readonly initial: number;
  readonly entries: readonly BaselineEntry[];
}
