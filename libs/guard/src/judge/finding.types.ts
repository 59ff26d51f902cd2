import type { Blocked, DataFinding, LockMode } from 'nestjs-backfill-sql';
import type { LoopKind, StopReason } from '../evaluate/machine/event.types.js';
import type { RuleId, Severity } from '../rules/rule.types.js';

export const DIRECTIONS = ['up', 'down'] as const;
/** A method of a migration. @publicApi */
export type Direction = (typeof DIRECTIONS)[number];

export const VERDICTS = ['violation', 'clean', 'cannot-decide'] as const;
/**
 * - `violation`: the migration changes rows
 * - `cannot-decide`: the guard could not read everything
 * - `clean`: the guard read everything, and nothing changes rows
 *
 * @publicApi
 */
export type Verdict = (typeof VERDICTS)[number];

/**
 * A region of a file: offsets in UTF-16 code units from 0, lines and columns from 1, the end exclusive.
 *
 * @publicApi
 */
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

/**
 * The lock of a statement, and the work under it.
 *
 * @publicApi
 */
export interface LockDetails {
  /** As in pg_locks; missing if the danger is not a lock. */
  readonly mode?: LockMode;
  readonly scans: boolean;
  readonly rewrites: boolean;
  readonly buildsIndex: boolean;
  readonly blocks: Blocked;
}

/**
 * One finding in a migration.
 *
 * @publicApi
 */
export interface Finding {
  readonly rule: RuleId;
  readonly severity: Severity;
  readonly direction?: Direction;
  /** What happens, in one sentence. */
  readonly message: string;
  /** The changed table as written, with its schema if one is written. */
  readonly table?: string;
  /** The statement, or the code of the write. */
  readonly statement: string;
  /** Equal for statements that only differ in formatting, comments and unknown pieces. */
  readonly fingerprint: string;
  readonly region: Region;
  /** The line of the call in the migration that sends it. A comment above this line can suppress it. */
  readonly line: number;
  /** The region of the statement if it is not in the migration but in a helper or an SQL file. */
  readonly elsewhere?: Region;
  /** The innermost loop that repeats it. */
  readonly loop?: LoopKind;
  /** The reason for the severity. */
  readonly reason: string;
  /** What the parser read in the SQL, for `extract`. */
  readonly sql?: DataFinding;
  /** The columns of a write through TypeORM. */
  readonly columns?: readonly string[];
  /** What a lock rule says about the statement. */
  readonly lock?: LockDetails;
  /** What stopped the guard, for `cannot-decide`. */
  readonly stop?: StopReason | 'branch' | 'unparsed' | 'call' | 'dynamic';
}
