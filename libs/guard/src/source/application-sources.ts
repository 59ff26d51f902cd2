import { existsSync, readdirSync, statSync, type Dirent } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { ProjectFiles } from './project-files.js';

/** More files than this are not searched. */
const MAX_FILES = 20_000;

const SKIPPED_FOLDER =
  /^(?:node_modules|dist|build|out|coverage|tests?|e2e|__tests__|__mocks__|fixtures|\..*)$/;
const SOURCE_FILE = /\.[cm]?[jt]sx?$/;
const NO_SOURCE = /(?:\.d\.[cm]?ts|\.(?:spec|test|e2e-spec|stories|config)\.[cm]?[jt]sx?|\.min\.js)$/;

/** Configuration files of TypeORM. */
const CONFIGURATION = /(?:orm-?config|data-?source|database|typeorm).*\.(?:json|[cm]?[jt]s|ya?ml)$/i;

/** The folder with the sources of the package that contains a folder: its `src` if there is one. */
export function sourceRoot(folder: string): string {
  for (let current = folder; ; current = dirname(current)) {
    if (existsSync(join(current, 'package.json')))
      return existsSync(join(current, 'src')) ? join(current, 'src') : current;
    if (dirname(current) === current) return folder;
  }
}

/** The source files below some folders, inside the project only. */
export function* sourceFiles(roots: readonly string[], files: ProjectFiles): Generator<string> {
  let visited = 0;
  const queue = roots.map((root) => resolve(root));
  const seen = new Set<string>();
  for (let path = queue.shift(); path !== undefined && visited < MAX_FILES; path = queue.shift()) {
    if (seen.has(path) || !files.includes(path)) continue;
    seen.add(path);
    if (!statSync(path).isDirectory()) {
      visited++;
      yield path;
      continue;
    }
    for (const entry of readdirSync(path, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1)))
      if (isSearched(entry)) queue.push(join(path, entry.name));
  }
}

function isSearched(entry: Dirent): boolean {
  if (entry.isDirectory()) return !SKIPPED_FOLDER.test(entry.name);
  return entry.isFile() && SOURCE_FILE.test(entry.name) && !NO_SOURCE.test(entry.name);
}

/** Files beside and above the sources, up to their package. */
export function configurations(sources: readonly string[]): readonly string[] {
  return sources.flatMap((source) =>
    [source, dirname(source)].flatMap((folder) => {
      try {
        return readdirSync(folder)
          .filter((name) => CONFIGURATION.test(name))
          .map((name) => join(folder, name));
      } catch {
        return [];
      }
    }),
  );
}
