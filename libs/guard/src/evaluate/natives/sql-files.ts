import { realpathSync } from 'node:fs';
import { dirname, isAbsolute, resolve } from 'node:path';
import type { ProjectFiles } from '../../source/project-files.js';
import { SourceText } from '../../source/source-text.js';
import type { Context } from '../machine/machine.types.js';
import { knownText, text } from '../values/text-value.js';
import type { Value } from '../values/value.types.js';

const MAX_FILE_BYTES = 2_000_000;

/** Other files hold settings or secrets, not statements. */
const SQL_FILE = /\.(?:[a-z]*sql|ddl|dml)$/i;

/** The text of an SQL file of the project, when its path is known and the file exists. */
export function readSqlFile(
  path: Value | undefined,
  context: Context,
  files: ProjectFiles,
): Value | undefined {
  const found = existingPath(path, context, files);
  if (found === undefined || !files.isFile(found, MAX_FILE_BYTES)) return undefined;
  const content = SQL_FILE.test(realpathSync(found)) ? files.read(found) : undefined;
  if (content === undefined) return undefined;
  const source = new SourceText(found, content);
  return text(content, { source, start: 0, end: content.length });
}

/** Finds an absolute path, or a relative one below any directory above the file that contains it. */
export function existingPath(
  value: Value | undefined,
  { module }: Context,
  files: ProjectFiles,
): string | undefined {
  const path = knownText(value);
  if (path === undefined) return undefined;
  if (isAbsolute(path)) return files.includes(path) ? path : undefined;
  let directory = dirname(module.source.path);
  for (;;) {
    const candidate = resolve(directory, path);
    if (files.includes(candidate)) return candidate;
    const parent = dirname(directory);
    if (parent === directory) return undefined;
    directory = parent;
  }
}
