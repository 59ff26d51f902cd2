import { readFileSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseModule, type ParsedSource } from './module-parser.js';
import type { ParsedModule } from './parsed-module.js';
import { PathAliases } from './path-aliases.js';
import { WorkspacePackages } from './workspace-packages.js';

const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.tsx', '.jsx'] as const;

/** Files above this size are not followed as imports: no helper is that long, a generated bundle is. */
const MAX_IMPORT_BYTES = 2_000_000;

/** Finds, reads and parses what migrations import. Packages in `node_modules` are not read. */
export class ModuleLoader {
  readonly #parsed = new Map<string, ParsedSource | undefined>();
  readonly #resolved = new Map<string, string | undefined>();
  readonly #aliases = new PathAliases(readTextFile);
  readonly #workspaces = new WorkspacePackages(readTextFile);
  readonly #texts = new Map<string, string>();
  parseMilliseconds = 0;

  /** The module behind an import, or `undefined` when it is a package, missing, or not parsable. */
  import(specifier: string, fromFile: string): ParsedModule | undefined {
    const path = this.resolve(specifier, fromFile);
    if (path === undefined) return undefined;
    const parsed = this.load(path);
    return parsed?.ok ? parsed.module : undefined;
  }

  load(path: string, text?: string): ParsedSource | undefined {
    const known = this.#parsed.get(path);
    if (known || this.#parsed.has(path)) return known;
    const content = text ?? this.#texts.get(path) ?? readTextFile(path);
    this.#texts.delete(path);
    const start = performance.now();
    const parsed = content === undefined ? undefined : parseModule(path, content);
    this.parseMilliseconds += performance.now() - start;
    this.#parsed.set(path, parsed);
    return parsed;
  }

  /** May the module export the name? Told by its text; true when it cannot be read. */
  mentions(specifier: string, name: string, fromFile: string): boolean {
    const path = this.resolve(specifier, fromFile);
    if (path === undefined || this.#parsed.has(path)) return true;
    let text = this.#texts.get(path);
    if (text === undefined) {
      text = readTextFile(path);
      if (text === undefined) return true;
      this.#texts.set(path, text);
    }
    return text.includes(name) || text.includes('export *');
  }

  /** Frees a migration that is done with; helpers stay. */
  forget(path: string): void {
    this.#parsed.delete(path);
  }

  resolve(specifier: string, fromFile: string): string | undefined {
    const key = `${dirname(fromFile)}\0${specifier}`;
    if (this.#resolved.has(key)) return this.#resolved.get(key);
    const path = this.#find(specifier, fromFile);
    this.#resolved.set(key, path);
    return path;
  }

  #find(specifier: string, fromFile: string): string | undefined {
    if (specifier.startsWith('node:')) return undefined;
    const bases =
      specifier.startsWith('.') || specifier.startsWith('/')
        ? [resolve(dirname(fromFile), specifier)]
        : [
            ...this.#aliases.candidates(specifier, fromFile),
            ...this.#workspaces.candidates(specifier, fromFile),
          ];
    for (const base of bases) {
      const path = existing(base);
      if (path !== undefined && !path.includes('/node_modules/')) return path;
    }
    return undefined;
  }
}

function existing(base: string): string | undefined {
  if (/\.(json|sql)$/.test(base) && isFile(base)) return base;
  const withoutJs = base.replace(/\.([mc]?)jsx?$/, '');
  const stems = withoutJs === base ? [base] : [withoutJs, base];
  for (const stem of stems) {
    for (const extension of EXTENSIONS) if (isFile(stem + extension)) return stem + extension;
    for (const extension of EXTENSIONS)
      if (isFile(join(stem, `index${extension}`))) return join(stem, `index${extension}`);
  }
  return /\.[mc]?[jt]sx?$/.test(base) && isFile(base) ? base : undefined;
}

function isFile(path: string): boolean {
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats !== undefined && stats.isFile() && stats.size <= MAX_IMPORT_BYTES;
  } catch {
    // A path through a file, or one that may not be read: no module either way.
    return false;
  }
}

export function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
