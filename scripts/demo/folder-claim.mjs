import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Another demo is using the same folder. */
export class BusyError extends Error {}

/**
 * Claims the folder until this process ends, because a demo stops its server at its end, which would break a
 * second demo. If the claiming process was killed, another one may claim the folder. A process may claim it twice.
 *
 * @param {string} folder of the demo's data; it exists
 * @throws {BusyError}
 */
export function claimFolder(folder) {
  const file = join(folder, 'demo.pid');
  if (!createClaimFile(file)) {
    const holder = Number(readFileSync(file, 'utf8'));
    if (holder === process.pid) return;
    if (isAlive(holder)) {
      throw new BusyError(
        `Another demo is using ${folder} (process ${holder}).\n` +
          `Wait until it has finished, or use another clone of the project. If that process is not a demo, delete ${file}.`,
      );
    }
    rmSync(file, { force: true });
    if (!createClaimFile(file)) return claimFolder(folder);
  }
  process.once('exit', () => rmSync(file, { force: true }));
}

/**
 * The link makes the file and its content appear at once: a demo that starts at the same moment reads no empty file.
 *
 * @param {string} file @returns {boolean} false if the file exists
 */
function createClaimFile(file) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
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
