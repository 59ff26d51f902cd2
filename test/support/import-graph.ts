import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import ts from 'typescript';

const PROJECT = join(import.meta.dirname, '../..');

/** A source file of a library, and what it imports. Paths are relative to the project, with `/`. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
  /** Files of the same project that it imports, types included. */
  readonly files: readonly string[];
  /** Names of packages and entry points that it imports, as written. */
  readonly packages: readonly string[];
}

/** Every source file under a folder of the project. */
export function sourceFiles(folder: string): SourceFile[] {
  return readdirSync(join(PROJECT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readSourceFile(join(entry.parentPath, entry.name)))
    .sort((a, b) => a.path.localeCompare(b.path));
}

function readSourceFile(file: string): SourceFile {
  const text = readFileSync(file, 'utf8');
  const imported = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  return {
    path: relative(PROJECT, file),
    text,
    files: imported
      .filter((name) => name.startsWith('.'))
      .map((name) => relative(PROJECT, join(dirname(file), name.replace(/\.js$/, '.ts')))),
    packages: imported.filter((name) => !name.startsWith('.')),
  };
}

/**
 * Groups of files that import each other in a circle.
 * Strongly connected components (R. Tarjan, "Depth-first search and linear graph algorithms", 1972).
 */
export function circles(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map((file) => [file.path, file.files]));
  const order = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (path: string): void => {
    order.set(path, order.size);
    lowest.set(path, order.size - 1);
    stack.push(path);
    for (const next of imports.get(path) ?? []) {
      if (!imports.has(next)) continue;
      if (!order.has(next)) visit(next);
      if (stack.includes(next))
        lowest.set(path, Math.min(lowest.get(path) ?? 0, lowest.get(next) ?? order.size));
    }
    if (lowest.get(path) !== order.get(path)) return;
    const circle = stack.splice(stack.indexOf(path));
    if (circle.length > 1 || imports.get(path)?.includes(path)) found.push(circle.sort());
  };
  for (const { path } of files) if (!order.has(path)) visit(path);
  return found;
}
