import { readdirSync, realpathSync, statSync, type Dirent } from 'node:fs';
import { join, resolve, sep } from 'node:path';
import { PathNotFoundError } from '../guard.error.js';
import { pathFilter } from './path-filter.js';

const MIGRATION_FILE = /\.(?:[cm]?ts|[cm]?js|sql)$/;
const IGNORED_FILE = /(?:\.d\.[cm]?ts|\.(?:spec|test|stories|config|snapshot)\.[cm]?[tj]s|\.min\.js)$/;
const IGNORED_FOLDERS = new Set(['node_modules', '.git', '__tests__', '__mocks__', 'coverage']);

const LEADS_OUT =
  'a link out of the folder, which the guard does not follow: check the file that it leads to instead';
const NOT_A_FILE = 'not a file that can be read: a pipe, a socket or a device';

export interface FileSelection {
  /** Absolute paths without duplicates, sorted by name within each folder. */
  readonly files: readonly string[];
  /** Folders and files that could not be read, with the reason. */
  readonly unreadable: readonly UnreadablePath[];
  /** Would the selection contain a file at this path if it existed? */
  readonly covers: (path: string) => boolean;
}

interface UnreadablePath {
  readonly path: string;
  readonly problem: string;
}

/**
 * Selects the files below the given paths that may hold migrations. A folder that several links lead to is
 * read once.
 * @throws {PathNotFoundError} for a path that does not exist
 */
export function selectFiles(paths: readonly string[], exclude: readonly string[] = []): FileSelection {
  const isExcluded = pathFilter(exclude);
  const search = new FileSearch(isExcluded);
  for (const path of paths) search.add(path);
  const roots = paths.map((path) => resolve(path));
  return {
    files: [...search.files],
    unreadable: search.unreadable,
    covers: (path) => roots.some((root) => path === root || path.startsWith(root + sep)) && !isExcluded(path),
  };
}

class FileSearch {
  readonly files = new Set<string>();
  readonly unreadable: UnreadablePath[] = [];
  readonly #visited = new Set<string>();
  readonly #isExcluded: (path: string) => boolean;

  constructor(isExcluded: (path: string) => boolean) {
    this.#isExcluded = isExcluded;
  }

  add(given: string): void {
    const path = resolve(given);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) throw new PathNotFoundError(given);
    if (stats.isFile()) this.files.add(path);
    else if (stats.isDirectory()) this.#try(path, () => this.#walk(path, realpathSync(path)));
    else this.unreadable.push({ path, problem: NOT_A_FILE });
  }

  /** @param root the real path of the folder that was given: links out of it are not followed */
  #walk(folder: string, root: string): void {
    const real = realpathSync(folder);
    if (this.#visited.has(real)) return;
    this.#visited.add(real);
    const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (!this.#isExcluded(path)) this.#try(path, () => this.#visit(entry, path, root));
    }
  }

  #visit(entry: Dirent, path: string, root: string): void {
    const kind = entry.isSymbolicLink() ? statSync(path) : entry;
    if (entry.isSymbolicLink() && !realpathSync(path).startsWith(root + sep)) {
      if (kind.isDirectory() || MIGRATION_FILE.test(entry.name))
        this.unreadable.push({ path, problem: LEADS_OUT });
    } else if (kind.isDirectory()) {
      if (!IGNORED_FOLDERS.has(entry.name)) this.#walk(path, root);
    } else if (MIGRATION_FILE.test(entry.name) && !IGNORED_FILE.test(entry.name)) {
      // Reading a pipe would block without end.
      if (kind.isFile()) this.files.add(path);
      else this.unreadable.push({ path, problem: NOT_A_FILE });
    }
  }

  #try(path: string, read: () => void): void {
    try {
      read();
    } catch (error) {
      this.unreadable.push({ path, problem: problemOf(error) });
    }
  }
}

const PROBLEM_OF_CODE: ReadonlyMap<string | undefined, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EPERM', 'permission denied'],
  ['ELOOP', 'a link that leads back to itself'],
  ['ENOENT', 'a link that leads nowhere'],
]);

export function problemOf(error: unknown): string {
  const known = PROBLEM_OF_CODE.get((error as NodeJS.ErrnoException).code);
  return known ?? (error instanceof Error ? error.message : String(error));
}
