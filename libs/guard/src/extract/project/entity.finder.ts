import { dirname } from 'node:path';
import { sourceFiles, sourceRoot } from '../../source/application-sources.js';
import { ProjectFiles } from '../../source/project-files.js';
import { entitiesIn, type FoundEntity } from './entity.reader.js';
import { importEnding, type ImportEnding } from './import-style.js';
import { bare } from './names.js';

/** Enough files to see how a project writes its imports. */
const SAMPLE_SIZE = 20;

/** The entities of an application, by table, and the style of its imports. */
export class ProjectSources {
  readonly #entities = new Map<string, FoundEntity>();
  readonly ending: ImportEnding;

  /** Reads the sources around a migration. */
  constructor(migration: string) {
    const files = new ProjectFiles([migration]);
    const samples = [files.read(migration) ?? ''];
    for (const path of sourceFiles([sourceRoot(dirname(migration))], files)) {
      const text = /[.][cm]?ts$/.test(path) ? files.read(path) : undefined;
      if (text === undefined) continue;
      if (samples.length < SAMPLE_SIZE && /\bfrom\s+['"]\.{1,2}\//.test(text)) samples.push(text);
      if (!text.includes('Entity')) continue;
      for (const entity of entitiesIn(path, text))
        if (!this.#entities.has(entity.table)) this.#entities.set(entity.table, entity);
    }
    this.ending = importEnding(samples, dirname(migration));
  }

  /**
   * The entity of a table; undefined if there is none that has the columns. A class with a base class may
   * inherit columns that this does not see.
   */
  entityOf(table: string, columns: readonly string[]): FoundEntity | undefined {
    const entity = this.#entities.get(bare(table));
    const has = (column: string): boolean => entity?.propertyOf(column) !== undefined;
    return entity && (entity.hasBase || columns.every(has)) ? entity : undefined;
  }
}
