import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another demo is at work on the same data. */
export class BusyError extends Error {}

/**
 * Keeps a second demo from the server of the first, which stops it at its end. Until this process ends; one that was killed
 * keeps nobody out.
 *
 * @param {string} folder of the demo's data, which is there
 * @throws {BusyError}
 */
export function claimFolder(folder) {
  const file = join(folder, 'demo.pid');
  if (!write(file)) {
    const holder = Number(readFileSync(file, 'utf8'));
    if (isAlive(holder)) {
      throw new BusyError(
        `Another demo is at work in ${folder} (process ${holder}).\n` +
          `Wait until it is done, or set DATABASE_URL to give this one a database of its own. If that process is no demo, delete ${file}.`,
      );
    }
    rmSync(file, { force: true });
    if (!write(file)) return claimFolder(folder);
  }
  process.once('exit', () => rmSync(file, { force: true }));
}

/** @param {string} file @returns {boolean} false when it is there already */
function write(file) {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {number} pid */
function isAlive(pid) {
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
