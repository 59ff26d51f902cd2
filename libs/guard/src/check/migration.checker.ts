import { type Routine, SchemaState, type StatementClassifier } from 'nestjs-backfill-sql';
import type { SqlParser } from 'nestjs-backfill-sql/tree';
import { basename, dirname, resolve, sep } from 'node:path';
import { Evaluator } from '../evaluate/evaluator.js';
import type { EvaluationEvent } from '../evaluate/machine/event.types.js';
import { isNamedLikeMigration, type MigrationCandidate } from '../evaluate/migrations/migration-classes.js';
import { runDirection } from '../evaluate/migrations/migration-run.js';
import { type Direction, DIRECTIONS, type Finding } from '../judge/finding.types.js';
import { judgeEvents, verdictOf } from '../judge/judge.js';
import type { JudgeState } from '../judge/judge.types.js';
import { ColumnReaders } from '../judge/locks/column-readers.js';
import { type LockDeclaration, lockDeclarationOf } from '../judge/locks/lock-declaration.js';
import { LockChecker } from '../judge/locks/lock.checker.js';
import { SchemaMemory } from '../judge/severity/schema-memory.js';
import type { KnownTables } from '../judge/severity/table-growth.js';
import { TableHistory } from '../judge/severity/table-history.js';
import { sourceRoot } from '../source/application-sources.js';
import { problemOf, selectFiles } from '../source/migration-files.js';
import { ModuleLoader } from '../source/module-loader.js';
import { pathFilter } from '../source/path-filter.js';
import { ProjectFiles } from '../source/project-files.js';
import type { ParsedModule } from '../source/parsed-module.js';
import type {
  CheckOptions,
  CheckReport,
  DirectionReport,
  FileProblem,
  MigrationReport,
} from './check.types.js';
import { dataSourceLists } from './data-source-lists.js';
import { DML_HELPERS } from './dml-helpers.js';
import { readMigrationFile, type FileReading } from './migration-file.reader.js';
import { MigrationLister } from './migration.lister.js';
import { TimelineCheck } from '../timeline/timeline.check.js';
import { moduleFinding, withoutMigration } from './module-findings.js';
import { notesOf } from './notes.js';
import { checkSqlFile } from './sql-file.js';
import { codeSuppressions } from './suppressions.js';
import { TimedClassifier } from './timed-classifier.js';

/** Checks files of migrations, one after another, and collects their problems and timing. */
export class MigrationChecker {
  readonly #options: CheckOptions;
  readonly #loader: ModuleLoader;
  readonly #evaluator: Evaluator;
  readonly #classifier: TimedClassifier;
  /** Functions and procedures that the migrations checked so far created. */
  readonly #routines: Routine[] = [];
  /** What the migrations checked so far have done to the schema. */
  readonly #schema = new SchemaState();
  readonly #problems: FileProblem[] = [];
  /** Files that were read and are not checked yet. */
  readonly #readings = new Map<string, FileReading>();
  readonly #history = new TableHistory();
  #lister: MigrationLister;
  #readMs = 0;
  #tables: KnownTables;
  readonly #timeline: TimelineCheck | undefined;
  readonly #readers: ColumnReaders | undefined;

  /** @param parser to read the application; without it, only the migrations are checked */
  constructor(classifier: StatementClassifier, options: CheckOptions, parser?: SqlParser) {
    this.#options = options;
    this.#tables = { sizes: options.tableSizes ?? new Map(), seeded: new Set() };
    this.#classifier = new TimedClassifier(classifier);
    this.#loader = new ModuleLoader(new ProjectFiles([...options.paths, ...(options.sources ?? [])]));
    this.#evaluator = new Evaluator(this.#loader, {
      dmlHelpers: new Set([...DML_HELPERS, ...(options.dmlHelpers ?? [])]),
    });
    this.#lister = new MigrationLister(this.#evaluator, (path) => isBeside(path, options.paths));
    if (parser && options.timeline)
      this.#timeline = new TimelineCheck({ parser, ...this.#parts(), check: options });
    if (parser) this.#readers = new ColumnReaders({ parser, ...this.#parts(), paths: options.paths });
  }

  #parts() {
    return { classifier: this.#classifier, evaluator: this.#evaluator, loader: this.#loader };
  }

  run(): CheckReport {
    const startedAt = performance.now();
    const { files, unreadable, covers } = selectFiles(this.#options.paths, this.#options.exclude);
    const isExcluded = pathFilter(this.#options.exclude ?? []);
    const isListed = (path: string): boolean => covers(path) || isExcluded(path);
    this.#lister = new MigrationLister(this.#evaluator, isListed);
    for (const { path, problem } of unreadable) this.#problems.push({ file: path, problem });
    // TypeORM runs migrations in the order of their names: later ones can call functions of earlier ones.
    const sorted = [...files].sort((a, b) => (basename(a) < basename(b) ? -1 : 1));
    this.#readHistory(sorted);
    const checked = [...sorted.flatMap((file) => this.#checkFile(file)), ...this.#checkListed(isListed)];
    const migrations = checked.map((migration) => this.#withoutAddedAgain(migration));
    const timeline = this.#timeline?.report(migrations, covers);
    if (timeline?.entities === 0) this.#problems.push(noEntities(this.#options));
    const totalMs = performance.now() - startedAt;
    const sqlMs = this.#classifier.elapsedMs;
    const parseMs = this.#loader.parseMilliseconds;
    const evaluateMs = Math.max(0, totalMs - this.#readMs - parseMs - sqlMs);
    const reported = new Set(migrations.map(({ file }) => file));
    return {
      covers: (path) => covers(path) || reported.has(path),
      migrations,
      ...(timeline ? { timeline } : {}),
      problems: this.#problems,
      timing: { files: files.length, totalMs, readMs: this.#readMs, parseMs, evaluateMs, sqlMs },
    };
  }

  /** Later migrations tell what a table holds, too: all are read before the first is judged. */
  #readHistory(files: readonly string[]): void {
    const history = this.#history;
    const startedAt = performance.now();
    for (const file of files) {
      const reading = readMigrationFile(file);
      this.#readings.set(file, reading);
      if ('text' in reading) history.note(reading.text);
    }
    this.#readMs += performance.now() - startedAt;
    this.#tables = { ...this.#tables, seeded: new Set(history.seededTables()) };
  }

  /** The migrations of a text; a file without migrations has none. */
  checkText(file: string, text: string): readonly MigrationReport[] {
    if (file.endsWith('.sql')) return [this.#checkSql(file, text)];
    const parsed = this.#loader.load(resolve(file), text);
    this.#loader.forget(resolve(file));
    if (!parsed) return [];
    if (parsed.ok) return this.#checkModule(file, parsed.module);
    const { line, column } = parsed.source.positionAt(parsed.failure.offset);
    const problem = `syntax error: ${withoutControlCharacters(parsed.failure.message)}`;
    this.#problems.push({ file, problem, line, column });
    this.#timeline?.noteUnread(file);
    return [];
  }

  /** Migrations that only a data source lists, by class. */
  #checkListed(isChecked: (path: string) => boolean): readonly MigrationReport[] {
    const { paths } = this.#options;
    return dataSourceLists({ evaluator: this.#evaluator, loader: this.#loader, paths, isChecked }).flatMap(
      ({ module, migrations }) =>
        this.#lister
          .placed(migrations, module)
          .map((migration) => this.#checkMigration(migration.module.source.path, migration)),
    );
  }

  /** A dropped column that a later migration adds again is in use legitimately. */
  #withoutAddedAgain(migration: MigrationReport): MigrationReport {
    const isAddedAgain = ({ rule, table = '', columns: [column = ''] = [] }: Finding): boolean =>
      rule === 'drop-column-in-use' &&
      this.#schema.column({ name: table.split('.').at(-1) ?? '' }, column) !== undefined;
    const directions = migration.directions.map((report) => ({
      ...report,
      findings: report.findings.filter((finding) => !isAddedAgain(finding)),
    }));
    return { ...migration, directions };
  }

  /** An internal error of the guard is a problem of the file: an unchecked file never passes. */
  #checkFile(file: string): readonly MigrationReport[] {
    try {
      const text = this.#read(file);
      return text === undefined ? [] : this.checkText(file, text);
    } catch (error) {
      this.#problems.push({ file, problem: `internal error of the guard: ${problemOf(error)}` });
      return [];
    }
  }

  #read(file: string): string | undefined {
    const reading = this.#readings.get(file) ?? readMigrationFile(file);
    this.#readings.delete(file);
    if ('text' in reading) return reading.text;
    this.#problems.push({ file, problem: reading.problem });
    return undefined;
  }

  #checkSql(file: string, text: string): MigrationReport {
    return checkSqlFile(file, text, {
      classifier: this.#classifier,
      routines: this.#routines,
      tables: this.#tables,
      lockChecker: (declaration) => this.#lockChecker(declaration),
      onUp: (event) =>
        this.#timeline?.note({ file, name: basename(file), events: [event], routines: this.#routines }),
    });
  }

  #checkModule(file: string, module: ParsedModule): readonly MigrationReport[] {
    const { migrations, isEmpty } = this.#lister.of(module);
    // A folder of migrations can contain helpers and an index, but a file named like a migration must be one.
    if (isEmpty && isNamedLikeMigration(file)) return [withoutMigration(file, module)];
    return migrations.map((migration) => this.#checkMigration(file, migration));
  }

  #checkMigration(checked: string, migration: MigrationCandidate): MigrationReport {
    const { module } = migration;
    const file = resolve(checked) === module.source.path ? checked : module.source.path;
    const routines = [...this.#routines];
    this.#noteDeclaration(file, migration);
    const directions = DIRECTIONS.map((direction): DirectionReport => {
      const declaration = lockDeclarationOf(this.#evaluator, migration);
      const locks = direction === 'up' ? this.#lockChecker(declaration) : undefined;
      const temporary = { names: new Set<string>(), endsWithText: declaration.transaction === 'none' };
      const state = { ...this.#judgeState(module, direction, routines), temporary, locks };
      const found = this.#findings(migration, state);
      const findings = locks?.settled(found) ?? found;
      if (direction === 'up') this.#routines.push(...routines.slice(this.#routines.length));
      return { direction, verdict: verdictOf(findings), findings };
    });
    return {
      file,
      name: migration.name || basename(file),
      directions,
      notes: notesOf(migration),
      suppressions: codeSuppressions(module),
    };
  }

  /** The migration's run refuses a wrong `allowsLocks`, so the check does too. */
  #noteDeclaration(file: string, migration: MigrationCandidate): void {
    const { problem } = lockDeclarationOf(this.#evaluator, migration);
    if (problem === undefined || this.#options.locks === 'off') return;
    this.#problems.push({ file, problem, ...migration.module.source.positionAt(migration.start) });
  }

  #lockChecker(declaration: LockDeclaration): LockChecker | undefined {
    if (this.#options.locks === 'off') return undefined;
    const readers = this.#readers;
    return new LockChecker(this.#schema, declaration, {
      sizes: this.#tables.sizes,
      postgres: this.#options.postgres,
      readerOf: (table, column) => readers?.readerOf(table, column),
    });
  }

  #judgeState(module: ParsedModule, direction: Direction, routines: Routine[]): JudgeState {
    return {
      classifier: this.#classifier,
      direction,
      file: module.source.path,
      memory: new SchemaMemory(),
      tables: this.#tables,
      routines,
      temporary: { names: new Set() },
    };
  }

  #findings(migration: MigrationCandidate, state: JudgeState): readonly Finding[] {
    const events = runDirection(this.#evaluator, migration, state.direction);
    if (state.direction === 'up') this.#noteTimeline(migration, events);
    if (events) return judgeEvents(events, { ...state, tables: this.#tablesAfter(events, state.direction) });
    const { module, start, unread } = migration;
    return state.direction === 'down' || unread === undefined
      ? []
      : [moduleFinding(module.source, start, unread)];
  }

  /** The SQL files and the writes through TypeORM of this migration and the earlier ones tell what a table holds, too. */
  #tablesAfter(events: readonly EvaluationEvent[], direction: Direction): KnownTables {
    const hasWritten = direction === 'up' && this.#history.noteWrites(events);
    if (this.#history.noteReadFiles(events) || hasWritten)
      this.#tables = { ...this.#tables, seeded: new Set(this.#history.seededTables()) };
    return this.#tables;
  }

  #noteTimeline(candidate: MigrationCandidate, events: readonly EvaluationEvent[] | undefined): void {
    const file = candidate.module.source.path;
    if (!events) this.#timeline?.noteUnread(file);
    else this.#timeline?.note({ file, name: candidate.name, events, routines: this.#routines, candidate });
  }
}

/** Files beside a single file are checked on their own, e.g. by ESLint. */
function isBeside(path: string, paths: readonly string[]): boolean {
  return paths.some((given) => path.startsWith(dirname(resolve(given)) + sep));
}

/** Without entities, the comparison would pass in silence. */
function noEntities({ sources, paths }: CheckOptions): FileProblem {
  const file = sources?.[0] ?? sourceRoot(dirname(resolve(paths[0] ?? '')));
  return { file, problem: 'no entity was found: name the folders of the entities with --sources' };
}

/** Keeps the control characters of a binary file out of the terminal. */
function withoutControlCharacters(message: string): string {
  return message.replace(/\p{Cc}/gu, '?');
}
