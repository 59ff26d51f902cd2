import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The account that runs the server when this process is root: PostgreSQL refuses to run as root.
 *
 * @typedef {{ readonly uid: number, readonly gid: number }} ServerAccount
 */

/**
 * The account `nobody` exists on every system and owns no files, so it cannot reach the data of another
 * server.
 *
 * @returns {ServerAccount | undefined} undefined if the server can run as this process's user
 */
export function serverAccount() {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (/** @type {string} */ flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

/**
 * Whether `account` can enter the folder or run the file. The operating system checks it, so modes, owners
 * and access lists are respected.
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
export function assertReachable(account, folder) {
  if (canReach(account, folder)) return;
  throw new Error(
    `PostgreSQL does not run as root, and the account that runs it cannot enter ${folder}. ` +
      'Set TMPDIR to a folder that every user can enter, such as /tmp, or DATABASE_URL (for the tests TEST_DATABASE_URL) ' +
      'to your own server.',
  );
}

/**
 * A folder that root owns and `account` can enter, under the system's temporary folder, for projects in
 * folders such as /root. Its name is predictable, so it is refused if another user owns it.
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
  assertReachable(account, folder);
  return folder;
}
