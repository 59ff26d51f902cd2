import { readFile, symlink } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';

/** A link that the archive of a package cannot hold. Both paths are relative to the package. */
interface MissingLink {
  /** The file. */
  readonly source: string;
  /** The link to it. */
  readonly target: string;
}

/**
 * Makes the links to the libraries of a server's package. Its install script does the same; recent versions of npm
 * run the scripts of a package only after a person has approved them. Never throws: a server without its libraries
 * says so when it starts.
 *
 * @param folder of the package with the binaries
 */
export async function makeLibraryLinks(folder: string): Promise<void> {
  try {
    const links = JSON.parse(
      await readFile(join(folder, 'native', 'pg-symlinks.json'), 'utf8'),
    ) as readonly MissingLink[];
    // A link that exists is left as it is: another process may make them at the same time.
    await Promise.allSettled(
      links.map(({ source, target }) => symlink(relative(dirname(target), source), join(folder, target))),
    );
  } catch {
    // See above.
  }
}
