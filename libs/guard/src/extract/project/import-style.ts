import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';

/** What follows the file's name in the imports of a project: `.js`, `.ts` or nothing. */
export type ImportEnding = '.js' | '.ts' | '';

/**
 * How the sources of a project import each other: as the given texts do, or as its `package.json` needs it if
 * they import nothing by a relative path.
 */
export function importEnding(texts: readonly string[], folder: string): ImportEnding {
  for (const text of texts) {
    const specifier = /\bfrom\s+['"](\.{1,2}\/[^'"]+)['"]/.exec(text)?.[1];
    if (specifier !== undefined)
      return /\.[cm]?js$/.test(specifier) ? '.js' : /\.[cm]?ts$/.test(specifier) ? '.ts' : '';
  }
  return isModulePackage(folder) ? '.js' : '';
}

function isModulePackage(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (existsSync(file)) return /"type"\s*:\s*"module"/.test(readFileSync(file, 'utf8'));
  return dirname(folder) !== folder && isModulePackage(dirname(folder));
}

/** The specifier with which a file of one folder imports another file. */
export function importPath(fromFolder: string, file: string, ending: ImportEnding): string {
  const [, stem = '', kind = ''] =
    /^(.*)\.([cm]?)[jt]s$/.exec(relative(fromFolder, file).split(sep).join('/')) ?? [];
  const written = ending === '' ? '' : ending.replace('.', `.${kind}`);
  return `${stem.startsWith('.') ? '' : './'}${stem}${written}`;
}
