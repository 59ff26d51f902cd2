import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { problemOf } from '../source/migration-files.js';

/**
 * The size limit of a migration file, in bytes. The largest generated migrations have 3 MB; larger files load
 * rows.
 *
 * @publicApi
 */
export const MAX_FILE_BYTES = 4_000_000;

const BYTES_PER_MB = 1_000_000;

export type FileReading = { readonly text: string } | { readonly problem: string };

/** Reads a file of migrations, without its byte order mark. */
export function readMigrationFile(file: string): FileReading {
  let handle: number | undefined;
  try {
    handle = openSync(file, 'r');
    const { size } = fstatSync(handle);
    if (size > MAX_FILE_BYTES) return { problem: tooLarge(file, size) };
    return { text: readFileSync(handle, 'utf8').replace(/^\uFEFF/, '') };
  } catch (error) {
    return { problem: problemOf(error) };
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function tooLarge(file: string, size: number): string {
  const [megabytes, limit] = [Math.ceil(size / BYTES_PER_MB), MAX_FILE_BYTES / BYTES_PER_MB];
  return (
    `the file has ${String(megabytes)} MB, and the guard reads at most ${String(limit)} MB. ` +
    'A file of this size loads rows: load them with a script outside the deployment. ' +
    `If a person has reviewed the file, exclude it with \`--exclude '${basename(file)}'\``
  );
}
