import type { Routine } from 'nestjs-backfill-sql';
import type { SqlParser } from 'nestjs-backfill-sql/tree';
import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type {
  CheckOptions,
  MigrationReport,
  Subject,
  SubjectReport,
  TimelineReport,
} from '../check/check.types.js';
import type { Evaluator } from '../evaluate/evaluator.js';
import type { EvaluationEvent } from '../evaluate/machine/event.types.js';
import type { MigrationCandidate } from '../evaluate/migrations/migration-classes.js';
import { knownText } from '../evaluate/values/text-value.js';
import { PathNotFoundError } from '../guard.error.js';
import type { Finding } from '../judge/finding.types.js';
import type { SqlClassifier } from '../judge/reading/sql-classifier.js';
import { sourceRoot } from '../source/application-sources.js';
import type { ModuleLoader } from '../source/module-loader.js';
import { readApplication, type Application } from './application.reader.js';
import { changesOf } from './migration-changes.js';
import { SchemaTimeline, type TimedMigration } from './schema-timeline.js';
import { TimelineJudge, type TimelineFinding } from './timeline.judge.js';

export interface TimelineCheckOptions {
  readonly parser: SqlParser;
  readonly classifier: SqlClassifier;
  readonly evaluator: Evaluator;
  readonly loader: ModuleLoader;
  readonly check: CheckOptions;
}

/** A migration whose `up` was followed. */
export interface FollowedMigration {
  readonly file: string;
  readonly name: string;
  readonly events: readonly EvaluationEvent[];
  readonly routines: readonly Routine[];
  readonly candidate?: MigrationCandidate;
}

/** The check of `timeline`: what entities and backfills use, against what the migrations add and drop. */
export class TimelineCheck {
  readonly #options: TimelineCheckOptions;
  readonly #migrations: TimedMigration[] = [];

  constructor(options: TimelineCheckOptions) {
    this.#options = options;
  }

  note({ file, name, events, routines, candidate }: FollowedMigration): void {
    const { classifier, parser } = this.#options;
    const changes = changesOf(events, { classifier, parser, routines, file });
    this.#migrations.push({ file, name, requires: this.#requires(candidate), changes });
  }

  /** A migration that the guard could not read may change any table. */
  noteUnread(file: string): void {
    const region = { file, start: 0, end: 0, line: 1, column: 1, endLine: 1, endColumn: 1 };
    const change = { kind: 'unclear', reason: 'the guard cannot read it' } as const;
    const changes = [{ change, region, statement: '', isConditional: false }];
    this.#migrations.push({ file, name: basename(file), requires: [], changes });
  }

  /** @throws {PathNotFoundError} when a path of the sources does not exist */
  report(migrations: readonly MigrationReport[], isChecked: (file: string) => boolean): TimelineReport {
    const { loader, evaluator, parser, check } = this.#options;
    for (const path of check.sources ?? []) if (!existsSync(path)) throw new PathNotFoundError(path);
    const sources = check.sources ?? check.paths.map((path) => sourceRoot(dirname(resolve(path))));
    const application = readApplication({
      loader,
      evaluator,
      parser,
      sources: [...new Set(sources)],
      isChecked,
    });
    const timeline = new SchemaTimeline(inOrder(this.#migrations));
    const { entities, backfills } = application;
    return {
      subjects: reportsOf(new TimelineJudge(timeline, application).judge(), application, migrations),
      entities: entities.length,
      columns: entities.reduce((count, { columns }) => count + columns.length, 0),
      backfills: backfills.length,
    };
  }

  /** The backfills in `static requires`. */
  #requires(candidate: MigrationCandidate | undefined): readonly string[] {
    if (candidate?.target.kind !== 'class') return [];
    const { class: owner } = candidate.target;
    const context = { scope: owner.scope, module: owner.module };
    const access = { name: 'requires', expression: 'requires', context };
    const value = this.#options.evaluator.member(owner, access);
    return value.kind === 'array' ? value.items.flatMap((item) => knownText(item) ?? []) : [];
  }
}

/** TypeORM sorts by the timestamp at the end of the class name; other tools by the name of the file. */
function inOrder(migrations: readonly TimedMigration[]): readonly TimedMigration[] {
  const times = new Map(migrations.map((migration) => [migration, timestampOf(migration)]));
  if ([...times.values()].some((time) => time === undefined)) return migrations;
  return [...migrations].sort((a, b) => (times.get(a) ?? 0) - (times.get(b) ?? 0));
}

function timestampOf({ name, file }: TimedMigration): number | undefined {
  const digits = /(\d{13})$/.exec(name)?.[1] ?? /^(\d{13})(?!\d)/.exec(basename(file))?.[1];
  return digits === undefined ? undefined : Number(digits);
}

/** The findings by subject: a migration, or a file with entities and backfills. */
function reportsOf(
  found: readonly TimelineFinding[],
  { suppressions }: Application,
  migrations: readonly MigrationReport[],
): readonly SubjectReport[] {
  const reports = new Map<string, Subject & { readonly findings: Finding[] }>();
  for (const [file, comments] of suppressions)
    if (comments.length > 0)
      reports.set(file, { file, name: basename(file), suppressions: comments, findings: [] });
  for (const { finding, subject, migration } of found) {
    const file = migration ?? finding.region.file;
    const key = `${file}\0${migration === undefined ? subject : ''}`;
    const checked = migrations.find((report) => report.file === migration);
    const known = reports.get(key) ?? {
      file,
      name: checked?.name ?? subject,
      suppressions: checked?.suppressions ?? suppressions.get(file) ?? [],
      findings: [],
    };
    known.findings.push(finding);
    reports.set(key, known);
  }
  return [...reports.values()];
}
