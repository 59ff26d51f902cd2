import { relative, sep } from 'node:path';

/** A path as a reader of the report wants it: below the working directory, with `/`. */
export function shownPath(file: string, from: string = process.cwd()): string {
  const path = relative(from, file);
  return (path === '' || path.startsWith('..') ? file : path).split(sep).join('/');
}
