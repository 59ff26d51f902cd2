import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { EmbeddedServer } from '../lib/embedded-server.mjs';

/**
 * What became of a mutant:
 * - `noticed`: an assertion or an error of a spec
 * - `timed out`: noticed too, but by a test that hung, which is a weakness of the spec
 * - `survived`: every spec passed
 * - `not run`: no spec runs its code
 *
 * @typedef {'noticed' | 'timed out' | 'survived' | 'not run'} Outcome
 */

const MIN_TEST_TIMEOUT_MS = 60_000;
/** A shared machine may take longer than when the durations were measured. */
const SLOWNESS = 4;
/** For the start of jest and of each spec, in addition to its usual time. */
const START_MS = 45_000;
const JEST = [
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '--config=jest.mutation.config.js',
  '--reporters=<rootDir>/scripts/mutation/progress.reporter.mjs',
];

/** Runs specs on a mutant, on a PostgreSQL server that stays between mutants. */
export class TrialRunner {
  /** @type {EmbeddedServer} */
  #server;

  /** @param {EmbeddedServer} server */
  constructor(server) {
    this.#server = server;
  }

  static async start() {
    const settings = { fsync: 'off', max_connections: '200' };
    return new TrialRunner(await EmbeddedServer.start({ settings }));
  }

  async close() {
    await this.#server.close();
  }

  /**
   * Runs the specs in their order until one fails.
   *
   * @param {import('./folders.mjs').Mutant} mutant
   * @param {readonly string[]} measured the specs
   * @param {(spec: string) => number} duration in milliseconds, of a spec
   * @returns {Promise<{ outcome: Outcome, spec?: string }>} the spec that noticed
   */
  async run(mutant, measured, duration) {
    // One that was renamed since it was measured would end jest with an error.
    const specs = measured.filter((spec) => existsSync(spec));
    if (specs.length === 0) return { outcome: 'not run' };
    const { path, start, end, replacement } = mutant;
    const longest = Math.max(...specs.map(duration));
    const output = join(tmpdir(), `mutation-${randomUUID()}.json`);
    const jest = spawn(
      process.execPath,
      [
        ...JEST,
        ...['--runInBand', '--bail=1', '--forceExit', '--silent', '--json', `--outputFile=${output}`],
        `--testTimeout=${Math.max(MIN_TEST_TIMEOUT_MS, SLOWNESS * longest)}`,
        ...['--runTestsByPath', ...specs],
      ],
      {
        stdio: ['ignore', 'pipe', 'ignore'],
        env: {
          ...process.env,
          TEST_DATABASE_URL: this.#server.url(),
          MUTATION: JSON.stringify({ path, start, end, replacement }),
          MUTATION_ORDER: specs.join(','),
        },
      },
    );
    // A loop without an end also stops jest's own time limit.
    const kill = () => void jest.kill('SIGKILL');
    const limitMs = () => START_MS + SLOWNESS * duration(specs[ended] ?? '');
    let ended = 0;
    let watchdog = setTimeout(kill, limitMs());
    jest.stdout.on('data', (/** @type {Buffer} */ lines) => {
      // A spec may write lines of its own.
      ended += String(lines).match(/\.spec\.ts\n/g)?.length ?? 0;
      clearTimeout(watchdog);
      watchdog = setTimeout(kill, limitMs());
    });
    const [code] = /** @type {[number | null]} */ (await once(jest, 'exit'));
    clearTimeout(watchdog);
    const failure = code === 0 ? undefined : failureIn(output);
    rmSync(output, { force: true });
    if (code !== 0) await this.#dropDatabases();
    if (code === 0) return { outcome: 'survived' };
    const hasTimedOut = failure?.hasTimedOut !== false;
    return {
      outcome: hasTimedOut ? 'timed out' : 'noticed',
      spec: failure?.spec ?? String(specs[ended] ?? specs.at(-1)),
    };
  }

  /** A spec that was ended leaves its databases behind, with sessions that still work. */
  async #dropDatabases() {
    const client = new pg.Client({ connectionString: this.#server.url() });
    await client.connect();
    const { rows } = await client.query(`SELECT datname FROM pg_database WHERE datname LIKE 'test\\_%'`);
    for (const { datname } of rows) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
    await client.end();
  }
}

/** @param {string} output @returns {{ spec: string, hasTimedOut: boolean } | undefined} undefined if jest was ended */
function failureIn(output) {
  /** @type {{ testResults: readonly { name: string, status: string, message: string }[] }} */
  let report;
  try {
    report = JSON.parse(readFileSync(output, 'utf8'));
  } catch {
    return undefined;
  }
  const failed = report.testResults.find(({ status }) => status === 'failed');
  if (!failed) return undefined;
  const { name, message } = failed;
  return { spec: relative(process.cwd(), name), hasTimedOut: message.includes('Exceeded timeout of') };
}
