/**
 * Shows two deployments on a real database. It creates the schema and the rows of the last release, deploys
 * twice, and proves the result with its own query. `npm run demo -- --help` lists the options.
 */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { DataSource } from 'typeorm';
import { parseDemoArguments, USAGE, UsageError } from './demo/arguments.mjs';
import { openDatabase, stopServer } from './demo/database.mjs';
import { BusyError } from './demo/folder-claim.mjs';
import { PROOF, prove, requiresNotNull } from './demo/proof.mjs';
import { loadSampleData } from './demo/sample-data.mjs';

const SERVER_KEPT = `
The server keeps running. Try
  npx nest start --status
  npx nest start --backfill --plan
  psql "$(cat .data/database-url)"
and stop it with
  npm run demo -- --stop`;

/** Number of migrations that production has before the deployment. */
const MIGRATIONS_OF_LAST_RELEASE = 2;

const PROJECT = fileURLToPath(new URL('..', import.meta.url));
const number = new Intl.NumberFormat('en').format;
const print = (/** @type {string} */ text) => console.log(text);

/** @type {AbortSignal & { reason?: NodeJS.Signals }} */
const interrupted = onSignal();

try {
  process.exitCode = await main();
} catch (error) {
  const isMisused = error instanceof UsageError;
  if (!isMisused && !(error instanceof BusyError)) throw error;
  console.error(isMisused ? `${error.message}\n\n${USAGE}` : error.message);
  process.exitCode = isMisused ? 2 : 1;
}

/** @returns {Promise<number>} the exit code */
async function main() {
  const options = parseDemoArguments(process.argv.slice(2), Boolean(process.env['DATABASE_URL']));
  if (options.help) return (print(USAGE), 0);
  if (options.stop)
    return (print((await stopServer()) ? 'The server is stopped.' : 'No server is running.'), 0);

  const database = await openDatabase(options);
  try {
    print(`▸ Database: ${database.origin}`);
    process.env['DATABASE_URL'] = database.url;
    const steps = [
      createLastRelease,
      () => load(database.url, options.leads),
      () => deploy('A deployment'),
      () => nextDeployment(database.url),
      () => report(database.url),
    ];
    for (const step of steps) {
      const code = await step();
      if (interrupted.aborted) return await reportStop(database);
      if (code !== 0) return code;
    }
    if (options.keepRunning) print(SERVER_KEPT);
    return 0;
  } finally {
    await database.close();
  }
}

/** Creates the schema that production has before the deployment, without the new columns. */
async function createLastRelease() {
  const built = new URL('../dist/data-source.js', import.meta.url).href;
  /** @type {{ dataSourceOptions(): import('typeorm').DataSourceOptions }} */
  const { dataSourceOptions } = await import(built);
  const options = dataSourceOptions();
  const migrations = Object.values(options.migrations ?? {}).slice(0, MIGRATIONS_OF_LAST_RELEASE);
  const dataSource = await new DataSource({ ...options, migrations }).initialize();
  try {
    const done = await dataSource.runMigrations({ transaction: 'each' });
    print(
      `▸ The last release: ${done.length ? `schema created by ${done.map(({ name }) => name).join(', ')}` : 'the schema exists'}`,
    );
  } finally {
    await dataSource.destroy();
  }
  return 0;
}

/**
 * @param {string} url
 * @param {number | undefined} leads
 */
async function load(url, leads) {
  const start = Date.now();
  const contents = await loadSampleData(url, leads);
  const how = contents.loaded ? `loaded in ${((Date.now() - start) / 1000).toFixed(1)} s` : 'already loaded';
  print(
    `▸ Rows: ${number(contents.leads)} leads of ${contents.tenants} tenants, ${number(contents.calls)} call logs, ${how}`,
  );
  return 0;
}

/**
 * Runs the migration that requires the backfill, if the first deployment deferred it.
 *
 * @param {string} url
 */
async function nextDeployment(url) {
  return (await requiresNotNull(url)) ? 0 : deploy('The next deployment');
}

/**
 * @param {string} title
 * @returns {Promise<number>} the exit code of the deployment
 */
async function deploy(title) {
  print(`\n▸ ${title}: $ nest start --deploy\n`);
  const nest = createRequire(import.meta.url).resolve('@nestjs/cli/bin/nest.js');
  // On POSIX it runs in its own process group: the shell between the command line and the application
  // forwards no signal.
  const child = spawn(process.execPath, [nest, 'start', '--deploy'], {
    cwd: PROJECT,
    stdio: 'inherit',
    detached: process.platform !== 'win32',
  });
  const forwardSignal = () => {
    if (child.pid) process.kill(process.platform === 'win32' ? child.pid : -child.pid, interrupted.reason);
  };
  interrupted.addEventListener('abort', forwardSignal);
  const code = await new Promise((resolve) => child.once('exit', resolve));
  interrupted.removeEventListener('abort', forwardSignal);
  return typeof code === 'number' ? code : 1;
}

/** @param {string} url */
async function report(url) {
  const { complete, row } = await prove(url);
  print(`\n▸ The proof, by a query that is independent of the backfills:\n\n${PROOF}\n`);
  console.table([row]);
  print(complete ? 'Every row is done and correct.' : 'Work is left: run `npm run demo` again to continue.');
  return complete ? 0 : 1;
}

/**
 * The Nest command line may end first, while the application still finishes its batch.
 *
 * @param {import('./demo/database.mjs').DemoDatabase} database
 */
async function reportStop(database) {
  await database.waitUntilUnused();
  print('\nStopped. Committed rows stay changed: `npm run demo` continues from here.');
  return interrupted.reason === 'SIGTERM' ? 143 : 130;
}

/**
 * The first signal stops after the current step. A second signal exits at once, and the guardian stops the
 * server.
 */
function onSignal() {
  const controller = new AbortController();
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort(signal);
    });
  }
  return controller.signal;
}
