import type { Direction } from '../judge/finding.types.js';
import type { RuleId, Severity } from '../rules/rule.types.js';

export const BASELINE_FORMAT = 1;

/** A finding that was there when the guard was introduced. */
export interface BaselineEntry {
  readonly rule: RuleId;
  /** Path below the baseline's folder, with `/`. */
  readonly file: string;
  /** Of the normalised statement: formatting, comments and line numbers do not matter. */
  readonly fingerprint: string;
  readonly direction?: Direction;
  readonly severity: Severity;
  readonly table?: string;
  /** The start of the statement, for the reader of the file. */
  readonly statement: string;
}

export interface Baseline {
  readonly format: typeof BASELINE_FORMAT;
  readonly counts: Readonly<Record<Severity, number>>;
  /** How many entries there were when the baseline was first written: where the burn-down starts. */
  readonly initial: number;
  readonly entries: readonly BaselineEntry[];
}
