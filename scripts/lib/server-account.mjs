import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The user that the server runs as when this process is root, which PostgreSQL refuses to be.
 *
 * @typedef {{ readonly uid: number, readonly gid: number }} ServerAccount
 */

/**
 * `nobody` is there on every system, and unlike `postgres` it owns nothing: no user is made, and no other cluster is exposed.
 *
 * @returns {ServerAccount | undefined} undefined when the server can run as this process does
 */
export function serverAccount() {
  if (process.getuid?.() !== 0) return undefined;
  const ask = (/** @type {string} */ flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: ask('-u'), gid: ask('-g') };
}

/**
 * Whether `account` can enter the folder or run the file. Asked of the system itself: modes, owners and access lists all count.
 *
 * @param {ServerAccount | undefined} account
 * @param {string} path
 */
export function canReach(account, path) {
  if (!account) return true;
  return spawnSync('/bin/sh', ['-c', 'test -x "$0"', path], { ...account, cwd: '/' }).status === 0;
}

/**
 * @param {ServerAccount | undefined} account
 * @param {string} folder
 */
export function demandReachable(account, folder) {
  if (canReach(account, folder)) return;
  throw new Error(
    `PostgreSQL does not run as root, and the user that it runs as cannot enter ${folder}. ` +
      'Set TMPDIR to a folder that every user can enter, such as /tmp, or DATABASE_URL (for the tests TEST_DATABASE_URL) ' +
      'to a server of your own.',
  );
}

/**
 * A folder of root's own that `account` can enter, under the system's temporary folder: for a project in a place such as
 * /root, which nobody but root can enter. Its name is predictable, so it is refused if somebody else has put it there.
 *
 * @param {string} name
 * @param {ServerAccount} account
 */
export function sharedFolder(name, account) {
  const folder = join(tmpdir(), `nestjs-backfill-${name}`);
  mkdirSync(folder, { recursive: true });
  const { uid } = lstatSync(folder);
  if (uid !== 0 || !lstatSync(folder).isDirectory()) {
    throw new Error(
      `${folder} belongs to another user (uid ${uid}). Remove it, or set TMPDIR to another folder.`,
    );
  }
  chmodSync(folder, 0o755);
  demandReachable(account, folder);
  return folder;
}
