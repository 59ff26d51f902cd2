import { DuplicateVersionError } from './duplicate-version.error.js';
import { PACKAGE_VERSION } from './package-version.js';

/** Versions of the loaded copies of the library, by the folder of each. */
const COPIES = Symbol.for('nestjs-backfill:loaded-copies');

type Copies = Map<string, string>;
type Global = typeof globalThis & { [COPIES]?: Copies };

/** Every copy of the library, of any version, registers itself in this map when it is loaded. */
const copies: Copies = ((globalThis as Global)[COPIES] ??= new Map());
copies.set(import.meta.dirname, PACKAGE_VERSION);

/**
 * Copies of one version work together, e.g. its ES module build and its CommonJS build.
 *
 * @throws DuplicateVersionError
 */
export function assertOneVersion(): void {
  if (new Set(copies.values()).size > 1)
    throw new DuplicateVersionError([...copies].map(([folder, version]) => ({ version, folder })));
}
