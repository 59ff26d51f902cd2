import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readTextFile } from '../../source/module-loader.js';
import { entitiesIn, type FoundEntity } from './entity.reader.js';
import { importEnding, type ImportEnding } from './import-style.js';
import { bare } from './names.js';

const MAX_FILES = 5_000;
/** Enough files to see how a project writes its imports. */
const SAMPLE_SIZE = 20;

/** The entities of an application, by table, and the style of its imports. */
export class ProjectSources {
  readonly #entities = new Map<string, FoundEntity>();
  readonly ending: ImportEnding;

  /** Reads the sources around a migration. */
  constructor(migration: string) {
    const samples = [readTextFile(migration) ?? ''];
    for (const path of sourceFiles(sourceRoot(dirname(migration)))) {
      const text = readTextFile(path);
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

function* sourceFiles(root: string): Generator<string> {
  let visited = 0;
  const queue = [root];
  for (let folder = queue.shift(); folder !== undefined && visited < MAX_FILES; folder = queue.shift())
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) {
        if (!/^(?:node_modules|dist|migrations?|\..*)$/.test(entry.name)) queue.push(path);
      } else if (/\.[cm]?ts$/.test(entry.name) && !entry.name.endsWith('.d.ts') && visited++ < MAX_FILES)
        yield path;
    }
}

function sourceRoot(folder: string): string {
  let current = folder;
  while (!existsSync(join(current, 'package.json'))) {
    const parent = dirname(current);
    if (parent === current) return folder;
    current = parent;
  }
  return existsSync(join(current, 'src')) ? join(current, 'src') : current;
}
