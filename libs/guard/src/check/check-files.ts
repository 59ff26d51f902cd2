import {
  StatementClassifier,
  loadClassifier,
  type Classification,
  type ClassifyOptions,
  type Routine,
} from 'nestjs-backfill-sql';
import { openSync, closeSync, fstatSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Evaluator } from '../evaluate/evaluator.js';
import { runDirection } from '../evaluate/migrations/migration-run.js';
import { DIRECTIONS, type Finding } from '../judge/finding.types.js';
import { judgeEvents, verdictOf } from '../judge/judge.js';
import { stopped } from '../judge/judge-sql.js';
import type { SqlClassifier } from '../judge/sql-reading.js';
import { SchemaMemory } from '../judge/schema-memory.js';
import { findMigrations, type MigrationCandidate } from '../evaluate/migrations/migration-classes.js';
import { ModuleLoader } from '../source/module-loader.js';
import { problemOf, selectFiles } from '../source/migration-files.js';
import type { ParsedModule } from '../source/parsed-module.js';
import type {
  CheckOptions,
  CheckReport,
  DirectionReport,
  FileProblem,
  MigrationReport,
} from './check.types.js';
import { notesOf } from './notes.js';
import { checkSqlFile } from './sql-file.js';
import { codeSuppressions } from './suppressions.js';

/** Functions that are known to change data by their name, unless more are configured. */
export const DML_HELPERS = ['execDml', 'execDML', 'executeDml', 'executeDML', 'runDml', 'runDML'] as const;

/** A file this large is no migration that somebody wrote: it loads data. The largest generated ones come to 3 MB. In bytes. */
export const MAX_FILE_BYTES = 4_000_000;

/** Checks migrations without running them. Reads files only; needs no database and no application. */
export async function checkFiles(options: CheckOptions): Promise<CheckReport> {
  return new Check(await loadClassifier(), options).run();
}

export class Check {
  readonly #loader = new ModuleLoader();
  readonly #evaluator: Evaluator;
  readonly #classifier: TimedClassifier;
  readonly #routines: Routine[] = [];
  readonly #problems: FileProblem[] = [];
  #readMs = 0;
  #sqlMs = 0;
  #started = 0;

  constructor(
    classifier: StatementClassifier,
    private readonly options: CheckOptions,
  ) {
    this.#classifier = new TimedClassifier(classifier);
    this.#evaluator = new Evaluator(this.#loader, {
      dmlHelpers: new Set([...DML_HELPERS, ...(options.dmlHelpers ?? [])]),
    });
  }

  run(): CheckReport {
    this.#started = performance.now();
    const { files, unreadable, covers } = selectFiles(this.options.paths, this.options.exclude);
    for (const { path, problem } of unreadable) this.#problems.push({ file: path, problem });
    // Functions that an earlier migration created are known to the later ones: in the order of their names, as TypeORM runs them.
    const sorted = [...files].sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
    const migrations = sorted.flatMap((file) => this.#checkSafely(file));
    const totalMs = performance.now() - this.#started;
    const sqlMs = this.#classifier.milliseconds + this.#sqlMs;
    const parseMs = this.#loader.parseMilliseconds;
    return {
      covers,
      migrations,
      problems: this.#problems,
      timing: {
        files: files.length,
        totalMs,
        readMs: this.#readMs,
        parseMs,
        sqlMs,
        evaluateMs: Math.max(0, totalMs - this.#readMs - parseMs - sqlMs),
      },
    };
  }

  /** A fault of the guard itself must not pass a file either. */
  #checkSafely(file: string): readonly MigrationReport[] {
    try {
      return this.checkFile(file);
    } catch (error) {
      this.#problems.push({ file, problem: `the guard failed on it: ${problemOf(error)}` });
      return [];
    }
  }

  /** One file's migrations; a file that holds none yields nothing. */
  checkFile(file: string): readonly MigrationReport[] {
    const text = this.#read(file);
    return text === undefined ? [] : this.checkText(file, text);
  }

  checkText(file: string, text: string): readonly MigrationReport[] {
    if (file.endsWith('.sql'))
      return [
        checkSqlFile(file, text, {
          classifier: this.#classifier,
          routines: this.#routines,
          sizes: this.options.tableSizes ?? new Map(),
        }),
      ];
    const parsed = this.#loader.load(resolve(file), text);
    this.#loader.forget(resolve(file));
    if (!parsed) return [];
    if (!parsed.ok) {
      const { line, column } = parsed.source.positionAt(parsed.failure.offset);
      this.#problems.push({
        file,
        problem: `syntax error: ${printable(parsed.failure.message)}`,
        line,
        column,
      });
      return [];
    }
    return this.#checkModule(file, parsed.module);
  }

  get problems(): readonly FileProblem[] {
    return this.#problems;
  }

  #read(file: string): string | undefined {
    const start = performance.now();
    let handle: number | undefined;
    try {
      handle = openSync(file, 'r');
      const { size } = fstatSync(handle);
      if (size > MAX_FILE_BYTES) {
        this.#problems.push({
          file,
          problem: `${String(Math.ceil(size / 1_000_000))} MB is too large to check (at most ${String(MAX_FILE_BYTES / 1_000_000)} MB). So much text loads rows: load them with a script outside the deployment, or, where a person has read it, leave the file out with \`--exclude '${basename(file)}'\``,
        });
        return undefined;
      }
      return readFileSync(handle, 'utf8').replace(/^\uFEFF/, '');
    } catch (error) {
      this.#problems.push({ file, problem: problemOf(error) });
      return undefined;
    } finally {
      if (handle !== undefined) closeSync(handle);
      this.#readMs += performance.now() - start;
    }
  }

  #checkModule(file: string, module: ParsedModule): readonly MigrationReport[] {
    const found = findMigrations(this.#evaluator, module, this.#evaluator.moduleContext(module));
    const suppressions = codeSuppressions(module);
    if (found.length === 0) {
      // A folder of migrations also holds helpers and an index; what is named like a migration must be one.
      if (!/^\d{8,}/.test(basename(file))) return [];
      const place = { site: { source: module.source, start: 0, end: 0 }, frames: [] };
      const finding = stopped(
        place,
        { direction: 'up', file: module.source.path },
        'module',
        '',
        'the file is named like a migration, but no migration class was found in it',
      );
      return [
        {
          file,
          name: basename(file),
          directions: [{ direction: 'up', verdict: 'cannot-decide', findings: [finding] }],
          notes: [],
          suppressions,
        },
      ];
    }
    return found.map((migration) => this.#checkMigration(file, module, migration));
  }

  #checkMigration(file: string, module: ParsedModule, migration: MigrationCandidate): MigrationReport {
    const sizes = this.options.tableSizes ?? new Map();
    const routines = [...this.#routines];
    const directions = DIRECTIONS.map((direction): DirectionReport => {
      const state = {
        classifier: this.#classifier,
        direction,
        file: module.source.path,
        memory: new SchemaMemory(),
        sizes,
        routines,
      };
      const events = runDirection(this.#evaluator, module, migration, direction);
      const findings: Finding[] = events ? [...judgeEvents(events, state)] : [];
      if (!events && direction === 'up' && migration.missingUp !== undefined) {
        const place = {
          site: { source: module.source, start: migration.start, end: migration.start },
          frames: [],
        };
        findings.push(
          stopped(
            place,
            state,
            'module',
            '',
            `up() is inherited from ${migration.missingUp}, which could not be read`,
          ),
        );
      }
      if (direction === 'up') this.#routines.push(...routines.slice(this.#routines.length));
      return { direction, verdict: verdictOf(findings), findings };
    });
    return {
      file,
      name: migration.name || basename(file),
      directions,
      notes: notesOf(module, migration),
      suppressions: codeSuppressions(module),
    };
  }
}

/** A binary file's characters stay out of the terminal. */
function printable(message: string): string {
  return message.replace(/\p{Cc}/gu, '?');
}

/** Measures the share of the SQL in the time that a check takes. */
class TimedClassifier implements SqlClassifier {
  milliseconds = 0;

  constructor(private readonly inner: SqlClassifier) {}

  classify(sql: string, options?: ClassifyOptions): Classification {
    const start = performance.now();
    try {
      return this.inner.classify(sql, options);
    } finally {
      this.milliseconds += performance.now() - start;
    }
  }

  normalize(sql: string): string {
    return this.inner.normalize(sql);
  }
}
