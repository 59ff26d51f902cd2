import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageName } from './dependencies.js';
import type { ReadFile } from './path-aliases.js';

/** The packages of the monorepo that contains a file, so that `@acme/config` is read from its source. */
export class WorkspacePackages {
  readonly #readFile: ReadFile;
  readonly #byRoot = new Map<string, ReadonlyMap<string, string>>();
  readonly #rootOf = new Map<string, string | undefined>();

  constructor(readFile: ReadFile) {
    this.#readFile = readFile;
  }

  /** The absolute paths, without extension, that a bare specifier may mean. */
  candidates(specifier: string, fromFile: string): readonly string[] {
    const directory = this.#directoryOf(specifier, fromFile);
    if (directory === undefined) return [];
    const rest = specifier.slice(packageName(specifier).length + 1);
    return rest === ''
      ? [join(directory, 'src', 'index'), join(directory, 'index'), join(directory, 'lib', 'index')]
      : [join(directory, rest), join(directory, 'src', rest)];
  }

  /** Does the specifier name a package of the monorepo? */
  includes(specifier: string, fromFile: string): boolean {
    return this.#directoryOf(specifier, fromFile) !== undefined;
  }

  #directoryOf(specifier: string, fromFile: string): string | undefined {
    const root = this.#root(dirname(fromFile));
    return root === undefined ? undefined : this.#packages(root).get(packageName(specifier));
  }

  #root(directory: string): string | undefined {
    if (this.#rootOf.has(directory)) return this.#rootOf.get(directory);
    const parent = dirname(directory);
    const root =
      this.#patterns(directory).length > 0
        ? directory
        : parent === directory
          ? undefined
          : this.#root(parent);
    this.#rootOf.set(directory, root);
    return root;
  }

  #patterns(root: string): readonly string[] {
    const workspaces = manifest(this.#readFile(join(root, 'package.json')))?.workspaces;
    const listed =
      workspaces && 'packages' in workspaces
        ? (workspaces.packages ?? [])
        : ((workspaces as readonly string[] | undefined) ?? []);
    if (listed.length > 0) return listed;
    const yaml = this.#readFile(join(root, 'pnpm-workspace.yaml'));
    return yaml === undefined
      ? []
      : [...yaml.matchAll(/^\s*-\s*['"]?([^'"\n#!]+?)['"]?\s*$/gm)].map((match) => match[1] ?? '');
  }

  #packages(root: string): ReadonlyMap<string, string> {
    const known = this.#byRoot.get(root);
    if (known) return known;
    const packages = new Map<string, string>();
    for (const pattern of this.#patterns(root)) {
      for (const directory of expand(root, pattern)) {
        const name = manifest(this.#readFile(join(directory, 'package.json')))?.name;
        if (name !== undefined) packages.set(name, directory);
      }
    }
    this.#byRoot.set(root, packages);
    return packages;
  }
}

/** `packages/*` means one level of folders, `packages/**` two levels. */
function expand(root: string, pattern: string): readonly string[] {
  const star = pattern.indexOf('*');
  if (star < 0) return [join(root, pattern)];
  const base = join(root, pattern.slice(0, star));
  if (!existsSync(base)) return [];
  const children = directoriesIn(base);
  return pattern.includes('**') ? [...children, ...children.flatMap(directoriesIn)] : children;
}

function directoriesIn(path: string): readonly string[] {
  return readdirSync(path, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules')
    .map((entry) => join(path, entry.name));
}

interface Manifest {
  readonly name?: string;
  readonly workspaces?: readonly string[] | { readonly packages?: readonly string[] };
}

function manifest(text: string | undefined): Manifest | undefined {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Manifest;
  } catch {
    return undefined;
  }
}
