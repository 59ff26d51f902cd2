import { posix } from 'node:path';
import type { Application } from './application.js';

/** How the application writes a relative import: with `.js`, with `.ts`, or without an extension. */
export function importExtension(app: Application): string {
  for (const file of app.files) {
    const [, path = ''] = /\bfrom ['"](\.{1,2}\/[^'"]+)['"]/.exec(app.text(file)) ?? [];
    if (path !== '') return /\.[cm]?[jt]s$/.exec(path)?.[0] ?? '';
  }
  return '.js';
}

/** `src/app.module.ts`, `src/backfills/a.backfill.ts` → `./backfills/a.backfill.js` */
export function importPath(app: Application, from: string, to: string): string {
  const path = posix.relative(posix.dirname(from), to).replace(/\.ts$/, importExtension(app));
  return path.startsWith('.') ? path : `./${path}`;
}

/** The file that a relative import leads to; undefined if it is a package or does not exist. */
export function importedFile(app: Application, from: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const base = posix.join(posix.dirname(from), specifier);
  const candidates = [base.replace(/\.[cm]?js$/, '.ts'), `${base}.ts`, `${base}/index.ts`, base];
  return candidates.find((path) => path.endsWith('.ts') && app.exists(path));
}
