import { relative, sep } from 'node:path';

/** The path for reports: relative to the working directory if it is below it, with `/`. */
export function shownPath(file: string, from: string = process.cwd()): string {
  const path = relative(from, file);
  return (path === '' || path.startsWith('..') ? file : path).split(sep).join('/');
}
