import { mkdir, writeFile } from 'node:fs/promises';
import { drawCurves } from './curves.mjs';
import { wordOf } from '../lib/runner.mjs';
import { wrapped, writeSection } from './page.mjs';

const RESULTS = 'bench/results';
const CHARTS = 'docs/performance';
const BEGIN = '<!-- The bench writes from here (npm run bench -- --plot) -->';

/** @typedef {import('../lib/runner.mjs').Result} Result */
/**
 * @typedef {{ at: string, node: string, postgres: string, sharedBuffers: string, cores: number, scale: number, repeat: number,
 *   minutes: number, results: Result[] }} Run
 */

/** @param {readonly Result[]} results */
export function printTable(results) {
  console.table(
    results.map((result) => ({
      what: result.what,
      found: found(result),
      target: target(result),
      met: result.met ?? '',
      detail: result.detail,
    })),
  );
}

/** @param {Run} run @param {'latest' | 'partial'} name @returns {Promise<string>} the file */
export async function writeJson(run, name) {
  await mkdir(RESULTS, { recursive: true });
  const file = `${RESULTS}/${name}.json`;
  await writeFile(file, `${JSON.stringify(run, null, 2)}\n`);
  return file;
}

/**
 * Writes the curves and the numbers of a full run into the documentation, so that no number there is written
 * by hand.
 * @param {Run} run
 * @param {import('./plot.mjs').Curves} curves
 * @param {{ table: boolean }} what
 * @returns {Promise<string[]>} the files
 */
export async function writeDocs(run, curves, { table }) {
  await mkdir(CHARTS, { recursive: true });
  const subtitle = `PostgreSQL ${run.postgres}, Node.js ${run.node}, ${run.cores} cores${run.scale === 1 ? '' : `, sizes times ${run.scale}`}`;
  const charts = drawCurves(curves, subtitle);
  const files = [];
  for (const [name, svg] of Object.entries(charts)) {
    const file = `${CHARTS}/${name}.svg`;
    await writeFile(file, svg);
    files.push(file);
  }
  return table ? [...files, await writeSection(BEGIN, section(run))] : files;
}

/** @param {Run} run */
function section(run) {
  const about =
    `${run.at.slice(0, 10)}, PostgreSQL ${run.postgres} with ${run.sharedBuffers} of shared buffers, Node.js ${run.node}, ${run.cores} cores, ` +
    `${run.repeat === 1 ? 'one round' : `${run.repeat} rounds`}, ${run.minutes} minutes` +
    (run.scale === 1 ? '.' : `. **Not a full run: every size was multiplied by ${run.scale}.**`);
  return [
    wrapped(about, ''),
    '',
    ...run.results.map((result) => wrapped(item(result), '  ')),
    '',
    '![Rows changed per second over the size of the table](performance/rows-per-second.svg)',
    '',
    '![The p99 of a user’s point updates over the size of the table](performance/p99.svg)',
  ].join('\n');
}

/** @param {Result} result */
function item(result) {
  const { what, detail, met } = result;
  const goal = target(result);
  const verdict = goal === '' ? '' : ` Target: ${goal}, ${met ? 'met' : 'missed'}.`;
  return `- **${capitalized(what)}: ${found(result)}.**${verdict} ${capitalized(detail)}.`;
}

/** @param {string} text */
const capitalized = (text) => text.slice(0, 1).toUpperCase() + text.slice(1);

/** @param {Result} result */
const found = ({ value, unit }) => `${unit === '' ? value : value.toFixed(2)} ${unit}`.trim();

/** @param {Result} result */
const target = ({ bound, target, formerly }) =>
  bound ? `${wordOf(bound)} ${target}${formerly === undefined ? '' : ` (first version: ${formerly})`}` : '';
