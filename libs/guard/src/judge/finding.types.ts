import type { DataFinding } from 'nestjs-backfill-sql';
import type { LoopKind, StopReason } from '../evaluate/machine/event.types.js';
import type { RuleId, Severity } from '../rules/rule.types.js';

export const DIRECTIONS = ['up', 'down'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export const VERDICTS = ['violation', 'clean', 'cannot-decide'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A region of a file: offsets in UTF-16 code units from 0, lines and columns from 1, the end exclusive. */
export interface Region {
  /** Absolute path. */
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
}

/** One thing that the guard says of a migration. */
export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly direction?: Direction;
  /** What happens, in one sentence. */
  readonly message: string;
  /** The changed table as written, with its schema where one is written. */
  readonly table?: string;
  /** The statement, or the code that writes. */
  readonly statement: string;
  /** Equal for statements that differ in formatting, comments and unknown pieces alone. */
  readonly fingerprint: string;
  readonly region: Region;
  /** Where the call that sends it starts, in the migration: what a comment above it is about. */
  readonly line: number;
  /** Where the statement itself stands, when that is not in the migration: a helper, an SQL file. */
  readonly elsewhere?: Region;
  /** The innermost loop that repeats it. */
  readonly loop?: LoopKind;
  /** Why it is as severe as it is. */
  readonly reason: string;
  /** The SQL behind it, for `extract`. */
  readonly sql?: DataFinding;
  /** Columns that a write through TypeORM names. */
  readonly columns?: readonly string[];
  /** For `cannot-decide`. */
  readonly stop?: StopReason | 'unparsed' | 'call' | 'dynamic';
}
