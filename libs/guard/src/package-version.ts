import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The version in package.json, which is one folder above both the sources and the build. */
export function packageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, '../package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
