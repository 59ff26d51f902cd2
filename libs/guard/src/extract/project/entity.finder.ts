import { dirname } from 'node:path';
import { configurations, sourceFiles, sourceRoot } from '../../source/application-sources.js';
import { ProjectFiles } from '../../source/project-files.js';
import { entitiesIn, type FoundEntity } from './entity.reader.js';
import { importEnding, type ImportEnding } from './import-style.js';
import { bare, schemaOf } from './names.js';

/** Enough files to see how a project writes its imports. */
const SAMPLE_SIZE = 20;

const HAS_DATA_SOURCE =
  /\b(?:DataSource|TypeOrm\w*|createConnection|ConnectionOptions|ormconfig)|\btype["']?\s*:\s*["'`]postgres["'`]/;
const SCHEMA_OPTION = /(?<![\w$.])["']?schema["']?\s*:\s*(?:(["'`])([^"'`$\\]+)\1(?=\s*(?:[,})/]|$)))?/g;
/** `{ schema }`, `options.schema = …`, `-c search_path=…`: the value is set elsewhere. */
const SCHEMA_ELSEWHERE = /[{,]\s*schema\s*[,}]|\bschema["'`]?\]?\s*=(?![=>])|-c\s*search_path\b/;

/** The entities of an application, by table, and the style of its imports. */
export class ProjectSources {
  readonly #entities = new Map<string, FoundEntity[]>();
  /** The option `schema` of its data sources, that of entities which name none; null if it is not a constant. */
  readonly #schemas = new Set<string | null>();
  readonly ending: ImportEnding;

  /** Reads the sources around a migration. */
  constructor(migration: string) {
    const files = new ProjectFiles([migration]);
    const samples = [files.read(migration) ?? ''];
    const root = sourceRoot(dirname(migration));
    for (const path of new Set([...sourceFiles([root], files), ...configurations([root])])) {
      const text = files.read(path);
      if (text === undefined) continue;
      if (HAS_DATA_SOURCE.test(text) || path.endsWith('.json')) this.#readSchemas(text);
      if (!/[.][cm]?ts$/.test(path)) continue;
      if (samples.length < SAMPLE_SIZE && /\bfrom\s+['"]\.{1,2}\//.test(text)) samples.push(text);
      if (!text.includes('Entity')) continue;
      for (const entity of entitiesIn(path, text))
        this.#entities.set(entity.table, [...(this.#entities.get(entity.table) ?? []), entity]);
    }
    this.ending = importEnding(samples, dirname(migration));
  }

  #readSchemas(text: string): void {
    for (const [, , schema] of text.matchAll(SCHEMA_OPTION)) this.#schemas.add(schema ?? null);
    if (SCHEMA_ELSEWHERE.test(text)) this.#schemas.add(null);
  }

  /**
   * The entity of a table; undefined if there is none that has the columns and is certainly in the table's schema.
   * A class with a base class may inherit columns that this does not see.
   *
   * @param table with its schema, if the SQL names one
   */
  entityOf(table: string, columns: readonly string[]): FoundEntity | undefined {
    const schema = schemaOf(table);
    const entity = this.#entities.get(bare(table))?.find((each) => this.#isIn(each, schema));
    const has = (column: string): boolean => entity?.propertyOf(column) !== undefined;
    return entity && (entity.hasBase || columns.every(has)) ? entity : undefined;
  }

  /** Without a schema, SQL means the default of the connection, as an entity does. */
  #isIn(entity: FoundEntity, schema: string | undefined): boolean {
    if (entity.schema !== undefined || schema === undefined) return entity.schema === schema;
    const [only = 'public', ...others] = this.#schemas;
    return only === schema && others.length === 0;
  }
}
