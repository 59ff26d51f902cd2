import { dirname, isAbsolute, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Call, Context } from '../machine/machine.types.js';
import { knownText, text } from '../values/text-value.js';
import { constant, plain } from '../values/value.js';
import type { Value } from '../values/value.types.js';
import type { NativeModel } from './platform-natives.js';
import { existingPath, readSqlFile } from './sql-files.js';

/** Functions for paths and files. SQL that a migration reads from disk is checked too. */
export const FILE_NATIVES: ReadonlyMap<string, NativeModel> = new Map<string, NativeModel>([
  ['path.join', (call) => knownPath(call, (parts) => join(...parts))],
  ['path.resolve', (call) => knownPath(call, resolveRelative)],
  ['path.dirname', (call) => knownPath(call, ([path = '']) => dirname(path))],
  ['url.fileURLToPath', (call) => knownPath(call, ([path = '']) => pathOfUrl(path))],
  // The working directory of a later run is not known. A path below it is searched for upward from the
  // migration.
  ['process.cwd', () => text('.')],
  ['fs.readFileSync', readFile],
  ['fs.readFile', readFile],
  ['fs.promises.readFile', readFile],
  ['fs/promises.readFile', readFile],
  ['fs.existsSync', exists],
]);

/** `__dirname`, `import.meta.url` and the like. */
export function fileConstant(name: string, { module }: Context): Value | undefined {
  const { path } = module.source;
  switch (name) {
    case '__dirname':
    case 'import.meta.dirname':
      return text(dirname(path));
    case '__filename':
    case 'import.meta.filename':
      return text(path);
    case 'import.meta.url':
      return text(`file://${path}`);
    default:
      return undefined;
  }
}

function knownPath({ args, site }: Call, make: (parts: readonly string[]) => string): Value {
  const parts = args.map((arg) => knownText(arg)).filter((part) => part !== undefined);
  return parts.length === args.length && parts.length > 0 ? text(make(parts)) : plain(site.callee);
}

/** Like `path.resolve`, but a path that depends on the working directory stays relative. */
function resolveRelative(parts: readonly string[]): string {
  const lastAbsolute = parts.findLastIndex((part) => isAbsolute(part));
  return join(...(lastAbsolute >= 0 ? parts.slice(lastAbsolute) : parts));
}

function pathOfUrl(path: string): string {
  return path.startsWith('file:') ? fileURLToPath(path) : path;
}

function readFile({ machine, args: [path], site }: Call): Value {
  machine.countStep();
  const { files } = machine.loader;
  const name = knownText(path);
  const shown = name === undefined ? '…' : files.shown(name, site.context.module.source.path);
  return readSqlFile(path, site.context, files) ?? plain(`${site.callee}(${shown})`);
}

function exists({ machine, args: [path], site }: Call): Value {
  return existingPath(path, site.context, machine.loader.files) === undefined
    ? plain(site.callee)
    : constant(true);
}
