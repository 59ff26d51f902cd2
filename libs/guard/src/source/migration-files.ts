import { readdirSync, realpathSync, statSync } from 'node:fs';
import { basename, join, relative, resolve, sep } from 'node:path';
import { PathNotFoundError } from '../guard.error.js';

const MIGRATION_FILE = /\.(?:[cm]?ts|[cm]?js|sql)$/;
const LEFT_OUT_FILE = /(?:\.d\.[cm]?ts|\.(?:spec|test|stories|config|snapshot)\.[cm]?[tj]s|\.min\.js)$/;
const LEFT_OUT_FOLDER = new Set(['node_modules', '.git', '__tests__', '__mocks__', 'coverage']);

const NOT_A_FILE = 'not a file that can be read: a pipe, a socket or a device';

export interface FileSelection {
  /** Absolute paths, sorted by name within each folder, each file once. */
  readonly files: readonly string[];
  /** Folders and files that could not be read, with the reason. */
  readonly unreadable: readonly { readonly path: string; readonly problem: string }[];
  /** Would the selection have a file at this path, if there were one? */
  readonly covers: (path: string) => boolean;
}

/**
 * Files that may hold migrations, below the given paths. A link that leads back to a folder on its own way is followed once.
 * @throws {PathNotFoundError} for a path that does not exist
 */
export function selectFiles(paths: readonly string[], exclude: readonly string[] = []): FileSelection {
  const files = new Set<string>();
  const unreadable: { path: string; problem: string }[] = [];
  const visited = new Set<string>();
  const patterns = exclude.map(globPattern);
  const isExcluded = (path: string): boolean =>
    patterns.some(
      (pattern) =>
        pattern.test(relative(process.cwd(), path).split(sep).join('/')) || pattern.test(basename(path)),
    );

  const walk = (folder: string): void => {
    const real = realpathSync(folder);
    if (visited.has(real)) return;
    visited.add(real);
    for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      const path = join(folder, entry.name);
      if (isExcluded(path)) continue;
      try {
        const kind = entry.isSymbolicLink() ? statSync(path) : entry;
        if (kind.isDirectory()) {
          if (!LEFT_OUT_FOLDER.has(entry.name)) walk(path);
        } else if (MIGRATION_FILE.test(entry.name) && !LEFT_OUT_FILE.test(entry.name)) {
          // A pipe would be waited for without end.
          if (kind.isFile()) files.add(path);
          else unreadable.push({ path, problem: NOT_A_FILE });
        }
      } catch (error) {
        unreadable.push({ path, problem: problemOf(error) });
      }
    }
  };

  for (const given of paths) {
    const path = resolve(given);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (!stats) throw new PathNotFoundError(given);
    if (stats.isFile()) files.add(path);
    else if (!stats.isDirectory()) unreadable.push({ path, problem: NOT_A_FILE });
    else {
      try {
        walk(path);
      } catch (error) {
        unreadable.push({ path, problem: problemOf(error) });
      }
    }
  }
  const given = paths.map((path) => resolve(path));
  return {
    files: [...files],
    unreadable,
    covers: (path) => given.some((root) => path === root || path.startsWith(root + sep)) && !isExcluded(path),
  };
}

export function problemOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code;
  switch (code) {
    case 'EACCES':
    case 'EPERM':
      return 'permission denied';
    case 'ELOOP':
      return 'a link that leads back to itself';
    case 'ENOENT':
      return 'a link that leads nowhere';
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

/** `**` any depth, `*` within one name, `?` one character. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/?|\*|\?/g, (wild) =>
      wild.startsWith('**') ? '(?:.*/)?' : wild === '*' ? '[^/]*' : '[^/]',
    );
  return new RegExp(`^(?:${source})$`);
}
