import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, normalize, resolve } from 'node:path';
import { basename, extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallSite, Context, Machine } from '../machine/machine.types.js';
import { sqlFile } from '../modules/modules.js';
import { knownText, text } from '../values/text-value.js';
import { type Value, array, constant, unknown } from '../values/value.js';

const MAX_FILE_BYTES = 2_000_000;

/** Files and paths: SQL that a migration reads from disk is read too. */
export function callFileSystem(
  machine: Machine,
  name: string,
  args: readonly Value[],
  site: CallSite,
): Value | undefined {
  const texts = args.map((arg) => knownText(arg));
  const [first] = texts;
  switch (name) {
    case 'path.join':
    case 'path.posix.join':
      return whole(texts, site, (parts) => join(...parts));
    case 'path.resolve':
    case 'path.posix.resolve':
      return whole(texts, site, resolveRelative);
    case 'path.dirname':
      return first === undefined ? unknown(site.callee) : text(dirname(first));
    case 'path.basename':
      return first === undefined ? unknown(site.callee) : text(basename(first, texts[1]));
    case 'path.extname':
      return first === undefined ? unknown(site.callee) : text(extname(first));
    case 'path.normalize':
      return first === undefined ? unknown(site.callee) : text(normalize(first));
    case 'url.fileURLToPath':
      return first === undefined
        ? unknown(site.callee)
        : text(first.startsWith('file:') ? fileURLToPath(first) : first);
    case 'process.cwd':
      // The working directory of the day is not known; a path below it is looked for above the migration.
      return text('.');
    case 'fs.readFileSync':
    case 'fs.promises.readFile':
    case 'fs/promises.readFile':
    case 'fs.readFile':
      return readFile(machine, first, site);
    case 'fs.existsSync':
      return first !== undefined && locate(first, site.context) !== undefined
        ? constant(true)
        : unknown(site.callee);
    case 'fs.readdirSync':
    case 'fs.promises.readdir':
    case 'fs/promises.readdir':
      return readDirectory(first, site);
    default:
      return undefined;
  }
}

export function fileConstant(name: string, { module }: Context): Value | undefined {
  switch (name) {
    case '__dirname':
    case 'import.meta.dirname':
      return text(dirname(module.source.path));
    case '__filename':
    case 'import.meta.filename':
      return text(module.source.path);
    case 'import.meta.url':
      return text(`file://${module.source.path}`);
    default:
      return undefined;
  }
}

function whole(
  texts: readonly (string | undefined)[],
  site: CallSite,
  make: (parts: readonly string[]) => string,
): Value {
  const parts = texts.filter((part) => part !== undefined);
  return parts.length === texts.length ? text(make(parts)) : unknown(site.callee);
}

/** Like `path.resolve`, but a path that depends on the working directory stays relative. */
function resolveRelative(parts: readonly string[]): string {
  const lastAbsolute = parts.findLastIndex((part) => isAbsolute(part));
  return join(...(lastAbsolute >= 0 ? parts.slice(lastAbsolute) : parts));
}

/** An absolute path as it is; a relative one below any directory above the file that names it. */
function locate(path: string, { module }: Context): string | undefined {
  if (isAbsolute(path)) return existsSync(path) ? path : undefined;
  let directory = dirname(module.source.path);
  for (;;) {
    const candidate = resolve(directory, path);
    if (existsSync(candidate)) return candidate;
    const parent = dirname(directory);
    if (parent === directory) return undefined;
    directory = parent;
  }
}

function readFile(machine: Machine, path: string | undefined, site: CallSite): Value {
  const found = path === undefined ? undefined : locate(path, site.context);
  if (found === undefined || !statSync(found).isFile() || statSync(found).size > MAX_FILE_BYTES)
    return unknown(`${site.callee}(${path ?? '…'})`);
  machine.tick();
  return sqlFile(found);
}

/** A package's own reader of SQL files, `SqlReader.readSqlFile(path)`: told by the file that it is given. */
export function readSqlFileOf(args: readonly Value[], { context }: CallSite): Value | undefined {
  const path = args[0] && knownText(args[0]);
  if (path === undefined || !path.endsWith('.sql')) return undefined;
  const found = locate(path, context);
  return found !== undefined && statSync(found).isFile() && statSync(found).size <= MAX_FILE_BYTES
    ? sqlFile(found)
    : undefined;
}

function readDirectory(path: string | undefined, site: CallSite): Value {
  const found = path === undefined ? undefined : locate(path, site.context);
  if (found === undefined || !statSync(found).isDirectory()) return unknown(site.callee);
  return array(
    readdirSync(found)
      .sort()
      .map((name) => text(name)),
  );
}
