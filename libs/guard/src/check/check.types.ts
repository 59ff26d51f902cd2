import type { Direction, Finding, Verdict } from '../judge/finding.types.js';
import type { TableSizes } from '../judge/severity/table-growth.js';

/**
 * What to check, and how.
 *
 * @publicApi
 */
export interface CheckOptions {
  /** Files or folders of migrations (.ts, .js, .sql). */
  readonly paths: readonly string[];
  /**
   * Globs of files to leave out. They match the path relative to the working directory, or the file name.
   * @default []
   */
  readonly exclude?: readonly string[];
  /** Names of more helper functions that change data, in addition to `DML_HELPERS`. @default [] */
  readonly dmlHelpers?: readonly string[];
  /** The number of rows or the growth of tables, by name. @default decided by the names of the tables */
  readonly tableSizes?: TableSizes;
}

/**
 * What one direction of a migration does.
 *
 * @publicApi
 */
export interface DirectionReport {
  readonly direction: Direction;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/**
 * The result for one migration.
 *
 * @publicApi
 */
export interface MigrationReport {
  /** Absolute path. */
  readonly file: string;
  /** The name of the class, or of the file for SQL. */
  readonly name: string;
  readonly directions: readonly DirectionReport[];
  /** Findings about the whole migration: `not-schema-migration`, `backfill-comment`. */
  readonly notes: readonly Finding[];
  /** Comments that suppress findings. */
  readonly suppressions: readonly Suppression[];
}

/**
 * A comment `// nestjs-backfill-ignore <rule>: <reason>`.
 *
 * @publicApi
 */
export interface Suppression {
  readonly file: string;
  /** The line of the comment, from 1. */
  readonly line: number;
  /** The line of code that the comment is on or above, from 1. */
  readonly codeLine: number;
  readonly rule: string;
  /** Empty when it is missing; the comment then suppresses nothing. */
  readonly reason: string;
}

/**
 * A file that could not be checked.
 *
 * @publicApi
 */
export interface FileProblem {
  readonly file: string;
  readonly problem: string;
  readonly line?: number;
  readonly column?: number;
}

/**
 * The result of a check, before the baseline and the comments are applied; see `judgeOutcome`.
 *
 * @publicApi
 */
export interface CheckReport {
  /**
   * Whether the check included the file with this absolute path. The baseline entries of other files are
   * never stale.
   */
  readonly covers: (file: string) => boolean;
  readonly migrations: readonly MigrationReport[];
  readonly problems: readonly FileProblem[];
  readonly timing: CheckTiming;
}

/**
 * How long each stage took, in milliseconds, and the number of files.
 *
 * @publicApi
 */
export interface CheckTiming {
  readonly files: number;
  readonly totalMs: number;
  readonly readMs: number;
  readonly parseMs: number;
  readonly evaluateMs: number;
  readonly sqlMs: number;
}
