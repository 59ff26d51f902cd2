import { execFileSync } from 'node:child_process';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { dirname } from 'node:path';

/**
 * The machine and the software on it. Ratios of different classes can be compared with care, seconds cannot.
 * @typedef {{ cpu: string, cores: number, memoryGib: number, postgres: string, node: string }} MachineClass
 */
/**
 * What every kept result has.
 * @typedef {{ run: string, commit: string, machine: MachineClass }} Origin
 */
/**
 * A result of the headline: one way on one table in one round. One line of the file.
 * @typedef {Origin & { kind: 'case', at: string, round: number } & import('./cases.mjs').Case & import('./measure-case.mjs').Measured} CaseRecord
 */
/**
 * A row of the friendly server or of a study. One line of the file.
 * @typedef {Origin & { kind: 'row', at: string, scale: number, sharedBuffers: string } & import('../lib/runner.mjs').Result} RowRecord
 */
/** @typedef {CaseRecord | RowRecord} BenchRecord */

/**
 * @param {{ postgres: string }} server
 * @returns {Origin}
 */
export const origin = ({ postgres }) => ({
  run: new Date().toISOString(),
  commit: commit(),
  machine: {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    postgres,
    node: process.version,
  },
});

/** The file of a run, unless the command line names another. @param {Origin} origin */
export const defaultFile = ({ run, commit }) => `bench/results/${run.slice(0, 10)}-${commit}.jsonl`;

/** @param {string} file @param {BenchRecord} record */
export async function keep(file, record) {
  await mkdir(dirname(file), { recursive: true });
  await appendFile(file, `${JSON.stringify(record)}\n`);
}

/** @param {string} file @returns {Promise<BenchRecord[]>} */
export async function readRecords(file) {
  const lines = (await readFile(file, 'utf8')).split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line));
}

/** @param {readonly BenchRecord[]} records @returns {CaseRecord[]} */
export const casesOf = (records) => records.flatMap((record) => (record.kind === 'case' ? [record] : []));

/** @param {readonly BenchRecord[]} records @returns {RowRecord[]} */
export const rowsOf = (records) => records.flatMap((record) => (record.kind === 'row' ? [record] : []));

/** The commit, with `+` if files differ from it; `unknown` outside a checkout. */
function commit() {
  const git = (/** @type {string[]} */ ...args) =>
    execFileSync('git', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  try {
    return git('rev-parse', '--short', 'HEAD') + (git('status', '--porcelain', 'libs', 'bench') ? '+' : '');
  } catch {
    return 'unknown';
  }
}
