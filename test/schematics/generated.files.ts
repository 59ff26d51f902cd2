import { posix } from 'node:path';
import * as nestTypeorm from '@nestjs/typeorm';
import * as library from 'nestjs-backfill';
import * as testing from 'nestjs-backfill/testing';
import * as typeorm from 'typeorm';
import ts from 'typescript';
import type { HostTree } from '@angular-devkit/schematics';

/** The packages that entities, backfills and their specs import. */
const PACKAGES: Readonly<Record<string, unknown>> = {
  '@nestjs/typeorm': nestTypeorm,
  'nestjs-backfill': library,
  'nestjs-backfill/testing': testing,
  typeorm,
};

const COMPILED: ts.CompilerOptions = {
  module: ts.ModuleKind.CommonJS,
  target: ts.ScriptTarget.ES2022,
  experimentalDecorators: true,
  emitDecoratorMetadata: true,
};

/** Runs a file of a tree and everything that it imports. A spec declares its tests where this is called. */
export function runFile(tree: HostTree, path: string): unknown {
  const loaded = new Map<string, object>();
  const load = (file: string): unknown => {
    const known = loaded.get(file);
    if (known) return known;
    const exports = {};
    loaded.set(file, exports);
    const code = ts.transpileModule(tree.readText(file), { compilerOptions: COMPILED }).outputText;
    const resolve = (name: string): unknown =>
      name.startsWith('.')
        ? load(posix.join(posix.dirname(file), name.replace(/\.js$/, '.ts')))
        : PACKAGES[name];
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the code is what a generator has written
    (new Function('exports', 'require', code) as (exports: object, require: unknown) => void)(
      exports,
      resolve,
    );
    return exports;
  };
  return load(path);
}
