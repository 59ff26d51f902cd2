import type ts from 'typescript';
import type { Tree } from '../devkit.types.js';
import { SchematicError } from '../schematic.error.js';
import type { TypeScript } from './typescript.loader.js';

const NO_SOURCES = /(?:^|\/)(?:node_modules|dist|coverage)\/|\.d\.ts$|[.-]spec\.ts$|\.test\.ts$/;

/** The parts of a package.json that the generators read. */
export interface Manifest {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** What the generators know of the application. All paths are relative to the project. */
export class Application {
  readonly #tree: Tree;
  readonly #parsed = new Map<string, ts.SourceFile>();
  #files: readonly string[] | undefined;

  constructor(
    tree: Tree,
    readonly ts: TypeScript,
    readonly sourceRoot: string,
  ) {
    this.#tree = tree;
  }

  exists(path: string): boolean {
    return this.#tree.exists(path);
  }

  text(path: string): string {
    return this.#tree.readText(path);
  }

  /** The source files of the application, without its tests. */
  get files(): readonly string[] {
    if (this.#files) return this.#files;
    const files: string[] = [];
    this.#tree.getDir(this.sourceRoot).visit((path) => {
      const relative = path.replace(/^\//, '');
      if (relative.endsWith('.ts') && !NO_SOURCES.test(relative)) files.push(relative);
    });
    return (this.#files = files.sort());
  }

  parse(path: string): ts.SourceFile {
    const known = this.#parsed.get(path);
    const text = this.text(path);
    if (known?.text === text) return known;
    const parsed = this.ts.createSourceFile(path, text, this.ts.ScriptTarget.Latest, true);
    this.#parsed.set(path, parsed);
    return parsed;
  }

  /** Every package that the package.json names, with its range. */
  get packages(): Readonly<Record<string, string>> {
    if (!this.exists('package.json')) return {};
    const manifest = parsedManifest(this.text('package.json'));
    return { ...manifest.devDependencies, ...manifest.dependencies };
  }
}

/** @throws SchematicError if it is not JSON */
export function parsedManifest(text: string): Manifest {
  try {
    return JSON.parse(text) as Manifest;
  } catch (error) {
    throw new SchematicError(
      'package.json',
      `it cannot be read: ${(error as Error).message}`,
      'Correct the file.',
    );
  }
}
