import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Dependencies } from './dependencies.js';
import { parseModule, type ParsedSource } from './module-parser.js';
import type { ParsedModule } from './parsed-module.js';
import { PathAliases } from './path-aliases.js';
import type { ProjectFiles } from './project-files.js';
import { WorkspacePackages } from './workspace-packages.js';

const EXTENSIONS = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.tsx', '.jsx'] as const;

/** An import of a larger file is not followed: it is a generated bundle, not a helper. */
const MAX_IMPORT_BYTES = 2_000_000;

/** Finds, reads and parses the modules that migrations import. Packages in `node_modules` are not read. */
export class ModuleLoader {
  readonly #parsed = new Map<string, ParsedSource | undefined>();
  readonly #resolved = new Map<string, string | undefined>();
  readonly #aliases: PathAliases;
  readonly #workspaces: WorkspacePackages;
  readonly #dependencies: Dependencies;
  readonly #texts = new Map<string, string>();
  parseMilliseconds = 0;

  constructor(readonly files: ProjectFiles) {
    const read = (path: string): string | undefined => files.read(path);
    this.#aliases = new PathAliases(read);
    this.#workspaces = new WorkspacePackages(read);
    this.#dependencies = new Dependencies(read);
  }

  /** The imported module; nothing when it is a package, is missing, or cannot be parsed. */
  import(specifier: string, fromFile: string): ParsedModule | undefined {
    const path = this.resolve(specifier, fromFile);
    if (path === undefined) return undefined;
    const parsed = this.load(path);
    return parsed?.ok ? parsed.module : undefined;
  }

  load(path: string, text?: string): ParsedSource | undefined {
    const known = this.#parsed.get(path);
    if (known || this.#parsed.has(path)) return known;
    const content = text ?? this.#texts.get(path) ?? this.files.read(path);
    this.#texts.delete(path);
    const start = performance.now();
    const parsed = content === undefined ? undefined : parseModule(path, content);
    this.parseMilliseconds += performance.now() - start;
    this.#parsed.set(path, parsed);
    return parsed;
  }

  /** Can the module export the name? Its text decides, before it is parsed; true when it cannot be read. */
  mayMention(specifier: string, name: string, fromFile: string): boolean {
    const path = this.resolve(specifier, fromFile);
    if (path === undefined || this.#parsed.has(path)) return true;
    let text = this.#texts.get(path);
    if (text === undefined) {
      text = this.files.read(path);
      if (text === undefined) return true;
      this.#texts.set(path, text);
    }
    return text.includes(name) || text.includes('export *');
  }

  /** Frees the module of a migration that was checked. Helpers are kept. */
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

  /** Does the specifier name a package in `node_modules`? Its code is not code of the project. */
  isPackage(specifier: string, fromFile: string): boolean {
    return (
      this.#dependencies.includes(specifier, fromFile) && !this.#workspaces.includes(specifier, fromFile)
    );
  }

  #find(specifier: string, fromFile: string): string | undefined {
    if (specifier.startsWith('node:')) return undefined;
    for (const base of this.#candidates(specifier, fromFile)) {
      const path = this.#existing(base);
      if (path !== undefined && !path.includes('/node_modules/')) return path;
    }
    return undefined;
  }

  #candidates(specifier: string, fromFile: string): readonly string[] {
    if (specifier.startsWith('.') || specifier.startsWith('/'))
      return [resolve(dirname(fromFile), specifier)];
    return [
      ...this.#aliases.candidates(specifier, fromFile),
      ...this.#workspaces.candidates(specifier, fromFile),
    ];
  }

  #existing(base: string): string | undefined {
    const isFile = (path: string): boolean => this.files.isFile(path, MAX_IMPORT_BYTES);
    const withoutJs = base.replace(/\.([mc]?)jsx?$/, '');
    const stems = withoutJs === base ? [base] : [withoutJs, base];
    for (const stem of stems) {
      for (const extension of EXTENSIONS) if (isFile(stem + extension)) return stem + extension;
      for (const extension of EXTENSIONS)
        if (isFile(join(stem, `index${extension}`))) return join(stem, `index${extension}`);
    }
    return /\.[mc]?[jt]sx?$/.test(base) && isFile(base) ? base : undefined;
  }
}

export function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
