import { existsSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, parse, relative, resolve, sep } from 'node:path';

/**
 * The files of the project that is checked. Migrations decide which other files are read, so a change that a
 * stranger proposes could otherwise print any file of the machine into a public log: nothing outside the
 * project's root is read, also not through links, and no device.
 */
export class ProjectFiles {
  readonly #roots: readonly string[];
  readonly #allowed = new Map<string, boolean>();

  /** @param paths the files and folders that are checked */
  constructor(paths: readonly string[]) {
    this.#roots = [...new Set(paths.map((path) => real(projectRoot(resolve(path)))))].filter(
      (root) => root !== undefined,
    );
  }

  /** Is it a regular file or a folder of the project? */
  includes(path: string): boolean {
    const known = this.#allowed.get(path);
    if (known !== undefined) return known;
    const target = real(path);
    const isInside =
      target !== undefined && this.#roots.some((root) => target === root || target.startsWith(root + sep));
    this.#allowed.set(path, isInside);
    return isInside;
  }

  /**
   * The path for messages and fingerprints. Where the project is on this machine does not matter, so a path of the
   * project is relative to the file that names it.
   */
  shown(path: string, from: string): string {
    const target = normalize(path);
    const folder = real(dirname(target)) ?? dirname(target);
    return isAbsolute(path) && this.#roots.some((root) => `${folder}${sep}`.startsWith(root + sep))
      ? relative(dirname(from), target).split(sep).join('/')
      : target;
  }

  /** Is it a regular file of the project of at most this size? */
  isFile(path: string, maxBytes: number): boolean {
    try {
      const stats = statSync(path, { throwIfNoEntry: false });
      return stats !== undefined && stats.isFile() && stats.size <= maxBytes && this.includes(path);
    } catch {
      // The path leads through a file, or reading is not permitted.
      return false;
    }
  }

  /** The text of a file of the project; nothing when it cannot be read. */
  read(path: string): string | undefined {
    try {
      return this.isFile(path, Infinity) ? readFileSync(path, 'utf8') : undefined;
    } catch {
      return undefined;
    }
  }
}

function real(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch {
    return undefined;
  }
}

/** How far above a checked folder the root is, when nothing marks it: `src/migrations` is two folders below. */
const LEVELS_WITHOUT_MARK = 2;

/** The repository, or the topmost package, that contains a path. */
function projectRoot(path: string): string {
  const folder = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? path : dirname(path);
  const above = ancestors(folder);
  const repository = above.find((directory) => existsSync(join(directory, '.git')));
  const topmost = above.findLast((directory) => existsSync(join(directory, 'package.json')));
  return repository ?? topmost ?? above[LEVELS_WITHOUT_MARK] ?? folder;
}

/** The folder and the folders above it, without the root of the file system. */
function ancestors(folder: string): readonly string[] {
  const found: string[] = [];
  for (let at = folder; at !== parse(at).root; at = dirname(at)) found.push(at);
  return found;
}
