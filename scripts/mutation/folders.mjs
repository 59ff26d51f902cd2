import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { mutationsOf } from './operators.mjs';

const RUNTIME = 'libs/backfill/src';

/** What decides about rows, locks and exit codes, and so must not be wrong without a spec that notices. */
export const FOLDERS = {
  sql: ['libs/sql/src/'],
  ledger: [`${RUNTIME}/ledger/`],
  batch: [`${RUNTIME}/backfills/batch/`],
  run: [`${RUNTIME}/backfills/run/`],
  'wall at run time': [`${RUNTIME}/migrations/guard/`, `${RUNTIME}/migrations/locks/`],
  'wall before the merge': ['libs/guard/src/'],
  'exit codes': [
    `${RUNTIME}/one-shot/exit-code.ts`,
    `${RUNTIME}/one-shot/one-shot.runner.ts`,
    `${RUNTIME}/one-shot/result.reporter.ts`,
    `${RUNTIME}/one-shot/run-one-shot.ts`,
    `${RUNTIME}/one-shot/process/`,
  ],
};

/** Texts that a person reads; specs of the docs compare them as a whole. */
const TEXTS = /\/remedies\/|\/rule-page\.ts$|\/usage\.ts$/;

/**
 * @typedef {import('./operators.mjs').LocatedMutation & { readonly id: string, readonly folder: string, readonly path: string }} Mutant
 */

/**
 * Every mutant of a folder, in the order in which a sample takes them. The order does not depend on other code, so
 * that a larger sample contains a smaller one, also after a change elsewhere.
 *
 * @param {keyof typeof FOLDERS} folder
 * @param {string} seed
 * @returns {Mutant[]}
 */
export function mutantsOf(folder, seed) {
  const files = FOLDERS[folder].flatMap((path) => (path.endsWith('.ts') ? [path] : sourcesIn(path)));
  const mutants = files
    .filter((path) => !TEXTS.test(path))
    .flatMap((path) => identified(path).map((one) => ({ ...one, folder, path })));
  const place = new Map(mutants.map(({ id }) => [id, hash(`${seed} ${id}`)]));
  return mutants.sort((a, b) => String(place.get(a.id)).localeCompare(String(place.get(b.id))));
}

/** @param {string} folder @returns {string[]} */
function sourcesIn(folder) {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}${name.replaceAll('\\', '/')}`)
    .sort();
}

/** An id stays the same while the mutated code does, wherever it stands in its function. @param {string} path */
function identified(path) {
  /** @type {Map<string, number>} */
  const seen = new Map();
  return mutationsOf(path, readFileSync(path, 'utf8')).map((mutation) => {
    const { scope, operator, original, replacement } = mutation;
    const key = [path, scope, operator, original, replacement].join('\n');
    const times = seen.get(key) ?? 0;
    seen.set(key, times + 1);
    return { ...mutation, id: hash(`${key}\n${times}`).slice(0, 10) };
  });
}

/** @param {string} text */
function hash(text) {
  return createHash('sha1').update(text).digest('hex');
}
