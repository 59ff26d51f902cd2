import type { SqlParser } from 'nestjs-backfill-sql/tree';
import { codeSuppressions } from '../check/suppressions.js';
import type { Suppression } from '../check/check.types.js';
import { attempt } from '../evaluate/attempt.js';
import type { Evaluator } from '../evaluate/evaluator.js';
import { configurations, sourceFiles } from '../source/application-sources.js';
import type { ModuleLoader } from '../source/module-loader.js';
import type { ParsedModule } from '../source/parsed-module.js';
import type { DeclaredBackfill } from './backfills/backfill.types.js';
import { BackfillReader } from './backfills/backfill.reader.js';
import { EntityReader } from './entities/entity.reader.js';
import type { Entity } from './entities/entity.types.js';
import { NamingFinder, type NamingKind } from './entities/naming.js';

/** The entities and backfills of an application. */
export interface Application {
  readonly entities: readonly Entity[];
  readonly backfills: readonly DeclaredBackfill[];
  readonly naming: NamingKind;
  /** Some of its entities may belong to another database. */
  readonly hasSeveralDataSources: boolean;
  readonly suppressions: ReadonlyMap<string, readonly Suppression[]>;
  /** Migrations among the sources that are not checked. */
  readonly otherMigrations: readonly OtherMigration[];
}

interface OtherMigration {
  readonly path: string;
  readonly text: string;
}

export interface ApplicationOptions {
  readonly loader: ModuleLoader;
  readonly evaluator: Evaluator;
  readonly parser: SqlParser;
  /** Folders and files. */
  readonly sources: readonly string[];
  /** Is a file one of the checked migrations? */
  readonly isChecked: (file: string) => boolean;
}

/** A data source with a name is a second one. */
const NAMED_DATA_SOURCE =
  /\b(?:InjectDataSource|InjectConnection|InjectEntityManager|getDataSourceToken|getConnection)\(\s*['"]|\b(?:InjectRepository|getRepositoryToken)\(\s*\w+\s*,|\bforFeature(?:Async)?\(\s*\[[^\]]*\]\s*,/;

const MIGRATION = /\bimplements\s+MigrationInterface\b|\bextends\s+SchemaMigration\b/;

/** Reads the sources of an application. */
export function readApplication(options: ApplicationOptions): Application {
  const { loader, evaluator, parser, sources, isChecked } = options;
  const otherMigrations: OtherMigration[] = [];
  const naming = new NamingFinder();
  const suppressions = new Map<string, readonly Suppression[]>();
  const modules: ParsedModule[] = [];
  let hasSeveralDataSources = false;
  for (const path of [...sourceFiles(sources, loader.files), ...configurations(sources)]) {
    const text = loader.files.read(path) ?? '';
    naming.read(text);
    hasSeveralDataSources ||= NAMED_DATA_SOURCE.test(text);
    if (MIGRATION.test(text) && !isChecked(path)) otherMigrations.push({ path, text });
    if (!/\bEntity|\bEntitySchema\b|\bBackfill\b/.test(text)) continue;
    const parsed = loader.load(path, text);
    if (!parsed?.ok) continue;
    modules.push(parsed.module);
    suppressions.set(path, codeSuppressions(parsed.module));
  }
  const entities = new EntityReader(evaluator, naming.kind);
  const backfills = new BackfillReader({ evaluator, entities, parser });
  // Code that is too large to follow has no entities that the guard can read.
  return {
    // All entities first: a backfill may name an EntitySchema of another module.
    entities: modules.flatMap((module) => attempt(evaluator, () => entities.entitiesIn(module)) ?? []),
    backfills: modules.flatMap((module) => attempt(evaluator, () => backfills.backfillsIn(module)) ?? []),
    naming: naming.kind,
    hasSeveralDataSources,
    suppressions,
    otherMigrations,
  };
}
