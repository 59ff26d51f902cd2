import type { Direction, Finding, Verdict } from '../judge/finding.types.js';
import type { TableSizes } from '../judge/table-growth.js';

export interface CheckOptions {
  /** Files or folders of migrations (.ts, .js, .sql). */
  readonly paths: readonly string[];
  /** Globs of files to leave out, against the path below the working directory or the file name. @default [] */
  readonly exclude?: readonly string[];
  /** Functions that change data by agreement, besides the usual `execDml`. @default [] */
  readonly dmlHelpers?: readonly string[];
  /** Rows or growth of tables by name. @default told by the tables' names */
  readonly tableSizes?: TableSizes;
}

/** What one direction of a migration does. */
export interface DirectionReport {
  readonly direction: Direction;
  readonly verdict: Verdict;
  readonly findings: readonly Finding[];
}

/** One migration, as it is checked. */
export interface MigrationReport {
  /** Absolute path. */
  readonly file: string;
  /** The class, or the file's name for SQL. */
  readonly name: string;
  readonly directions: readonly DirectionReport[];
  /** About the migration as a whole: `not-schema-migration`, `backfill-comment`. */
  readonly notes: readonly Finding[];
  /** Comments that suppress findings. */
  readonly suppressions: readonly Suppression[];
}

/** `// nestjs-backfill-ignore <rule>: <reason>`. */
export interface Suppression {
  readonly file: string;
  /** Line of the comment, from 1, and the line of code that it stands above or on. */
  readonly line: number;
  readonly codeLine: number;
  readonly rule: string;
  /** Empty when it is missing, which makes the comment void. */
  readonly reason: string;
}

/** A file that could not be checked. */
export interface FileProblem {
  readonly file: string;
  readonly problem: string;
  readonly line?: number;
  readonly column?: number;
}

export interface CheckReport {
  /** Is a file of this absolute path one of those that were asked for? What the baseline says of others stands. */
  readonly covers: (file: string) => boolean;
  readonly migrations: readonly MigrationReport[];
  readonly problems: readonly FileProblem[];
  readonly timing: CheckTiming;
}

/** Milliseconds by stage; `files` counts those that were read. */
export interface CheckTiming {
  readonly files: number;
  readonly totalMs: number;
  readonly readMs: number;
  readonly parseMs: number;
  readonly evaluateMs: number;
  readonly sqlMs: number;
}
