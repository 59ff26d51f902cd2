import { dirname, join } from 'node:path';
import type { ReadFile } from './path-aliases.js';

/** The packages that the package.json files above a file list. */
export class Dependencies {
  readonly #readFile: ReadFile;
  readonly #byDirectory = new Map<string, ReadonlyMap<string, string> | undefined>();

  constructor(readFile: ReadFile) {
    this.#readFile = readFile;
  }

  /**
   * Is the module one of a listed package? Without any package.json its form decides: path aliases such as
   * `@/db` and `@app/db` look like packages.
   */
  includes(specifier: string, fromFile: string): boolean {
    if (NO_PACKAGE.test(specifier)) return false;
    const versions = this.#above(dirname(fromFile));
    if (!versions) return !ALIAS.test(specifier);
    const version = versions.get(packageName(specifier));
    return version !== undefined && !IN_THE_PROJECT.test(version);
  }

  /** The listed packages with their versions; nothing when there is no package.json. */
  #above(directory: string): ReadonlyMap<string, string> | undefined {
    if (this.#byDirectory.has(directory)) return this.#byDirectory.get(directory);
    const parent = dirname(directory);
    const above = parent === directory ? undefined : this.#above(parent);
    const own = listed(this.#readFile(join(directory, 'package.json')));
    const all = own ? new Map([...(above ?? []), ...own]) : above;
    this.#byDirectory.set(directory, all);
    return all;
  }
}

/** Relative paths, subpath imports, and the aliases that no package can have. */
const NO_PACKAGE = /^(?:[./#~]|@\/)/;

const ALIAS =
  /^(?:src|app|libs?|@(?:app|src|libs?|shared|common|db|database|server|api|core|modules?|utils?))(?:\/|$)/;

const IN_THE_PROJECT = /^(?:workspace|file|link|portal):/;

const LISTS = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies'];

/** `@acme/config/env` → `@acme/config` */
export function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function listed(text: string | undefined): readonly (readonly [string, string])[] | undefined {
  if (text === undefined) return undefined;
  try {
    const manifest = JSON.parse(text) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    return LISTS.flatMap((list) =>
      Object.entries(manifest[list] ?? {}).map(([name, version]) => [name, String(version)] as const),
    );
  } catch {
    return undefined;
  }
}
