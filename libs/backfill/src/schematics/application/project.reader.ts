import { posix } from 'node:path';
import type { Tree } from '../devkit.types.js';
import { SchematicError } from '../schematic.error.js';
import { kebabCase } from '../names.js';
import { Application } from './application.js';
import { loadTypeScript } from './typescript.loader.js';

/** The options that the command line of Nest passes to every generator. */
export interface GeneratorOptions {
  readonly name?: string;
  readonly path?: string;
  readonly sourceRoot?: string;
  readonly language?: string;
  readonly spec?: boolean;
  readonly skipImport?: boolean;
  readonly specFileSuffix?: string;
}

/** @throws SchematicError for an application in JavaScript, or without TypeScript */
export function readApplication(
  tree: Tree,
  { sourceRoot = 'src', language = 'ts' }: GeneratorOptions,
): Application {
  if (language !== 'ts')
    throw new SchematicError(
      'language',
      'the generators write TypeScript only',
      'Remove `language` from nest-cli.json.',
    );
  return new Application(tree, loadTypeScript(), posix.normalize(sourceRoot).replace(/^\/|\/$/g, ''));
}

/** The name in lower case with dashes. @throws SchematicError if it is missing or has no letter */
export function requiredName({ name = '' }: GeneratorOptions, example: string): string {
  const known = kebabCase(name);
  if (/^[a-z]/.test(known)) return known;
  throw new SchematicError(
    'name',
    `${name === '' ? 'it is missing' : `\`${name}\` is not a name`}`,
    `Give one that begins with a letter, e.g. ${example}.`,
  );
}

/** The folder of generated files: the given one, else where the application has such files, else the usual one. */
export function folderFor(
  app: Application,
  { path }: GeneratorOptions,
  { ending, usual }: { readonly ending: RegExp; readonly usual: string },
): string {
  if (path !== undefined && path !== '') return posix.join(app.sourceRoot, path);
  const existing = app.files.find((file) => ending.test(file));
  return existing ? posix.dirname(existing) : posix.join(app.sourceRoot, usual);
}
