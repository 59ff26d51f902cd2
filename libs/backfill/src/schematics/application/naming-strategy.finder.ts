import { posix } from 'node:path';
import type { Application } from './application.js';
import { importedFile, importPath } from './module-path.js';

/** The naming strategy of the application's data source, as another file imports it; undefined if there is none. */
export function findNamingStrategy(
  app: Application,
  importer: string,
): { readonly name: string; readonly from: string } | undefined {
  for (const file of app.files) {
    const text = app.text(file);
    const [, name] = /\bnamingStrategy:\s*new ([\w$]+)\(\)/.exec(text) ?? [];
    if (name === undefined) continue;
    const [, from = ''] =
      new RegExp(`import \\{[^}]*\\b${name}\\b[^}]*\\} from ['"]([^'"]+)['"]`).exec(text) ?? [];
    if (from === '') return { name, from: importPath(app, importer, file) };
    const own = importedFile(app, file, from);
    return { name, from: own ? importPath(app, importer, own) : from };
  }
  return undefined;
}

/** The module in whose providers a new class goes: the nearest one, going up from its folder. */
export function nearestModule(app: Application, file: string, root: string | undefined): string | undefined {
  for (let folder = posix.dirname(file); folder.startsWith(app.sourceRoot); folder = posix.dirname(folder)) {
    if (folder === app.sourceRoot && root !== undefined) return root;
    const modules = app.files.filter((each) => posix.dirname(each) === folder && each.endsWith('.module.ts'));
    if (modules.length === 1) return modules[0];
  }
  return root;
}
