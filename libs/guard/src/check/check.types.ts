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
  /**
   * The oldest major version of PostgreSQL that runs the migrations, on which some lock rules depend.
   * @default the newest
   */
  readonly postgres?: number;
  /** Whether the lock rules apply to `up`. @default 'refuse' */
  readonly locks?: 'refuse' | 'off';
  /**
   * Also compare the columns of entities and backfills with the columns that the migrations add and drop.
   * `paths` must then hold all migrations of the database.
   * @default false
   */
  readonly timeline?: boolean;
  /**
   * `timeline`: the folders and files with the entities and backfills.
   * @default the folder `src` of the package of the migrations, or the package if it has none
   */
  readonly sources?: readonly string[];
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
 * What findings are about: a migration, or with `timeline` an entity or a backfill.
 *
 * @publicApi
 */
export interface Subject {
  /** Absolute path. */
  readonly file: string;
  /** The name of the class, or of the file for SQL. */
  readonly name: string;
  /** Comments that suppress findings. */
  readonly suppressions: readonly Suppression[];
}

/**
 * The result for one migration.
 *
 * @publicApi
 */
export interface MigrationReport extends Subject {
  readonly directions: readonly DirectionReport[];
  /** Findings about the whole migration: `not-schema-migration`, `backfill-comment`. */
  readonly notes: readonly Finding[];
}

/**
 * The findings of `timeline` for one migration, entity or backfill.
 *
 * @publicApi
 */
export interface SubjectReport extends Subject {
  readonly findings: readonly Finding[];
}

/**
 * The result of `timeline`.
 *
 * @publicApi
 */
export interface TimelineReport {
  readonly subjects: readonly SubjectReport[];
  /** What was found in the sources and compared. */
  readonly entities: number;
  readonly columns: number;
  readonly backfills: number;
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
  /** Missing unless the option `timeline` is set. */
  readonly timeline?: TimelineReport;
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
