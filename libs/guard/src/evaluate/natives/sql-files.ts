import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import { SourceText } from '../../source/source-text.js';
import type { Context } from '../machine/machine.types.js';
import { knownText, text } from '../values/text-value.js';
import type { Value } from '../values/value.types.js';

const MAX_FILE_BYTES = 2_000_000;

/** The text of a file, when its path is known and the file exists. */
export function readSqlFile(path: Value | undefined, context: Context): Value | undefined {
  const found = existingPath(path, context);
  if (found === undefined) return undefined;
  const stats = statSync(found);
  if (!stats.isFile() || stats.size > MAX_FILE_BYTES) return undefined;
  const source = new SourceText(found, readFileSync(found, 'utf8'));
  return text(source.text, { source, start: 0, end: source.text.length });
}

/** Finds an absolute path, or a relative one below any directory above the file that contains it. */
export function existingPath(value: Value | undefined, { module }: Context): string | undefined {
  const path = knownText(value);
  if (path === undefined) return undefined;
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
