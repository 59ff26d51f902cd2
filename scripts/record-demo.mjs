/**
 * Records the demo's terminal as an animated SVG for the README: `node scripts/record-demo.mjs [demo options]`
 * writes docs/recording.svg. Build first.
 */
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { stripVTControlCharacters } from 'node:util';

const COLUMNS = 104;
const ROWS = 26;
const LINE_HEIGHT = 18;
const CHARACTER_WIDTH = 7.85;
const PADDING = 16;
const SECONDS = 18;
/** The last picture stays for this share of the time. */
const LAST_PICTURE = 0.25;

/** Lines that repeat what others show, or that are about a single tenant. */
const LEFT_OUT = [
  /^\s+(?:tenant|\d+)\s+[\d,]+/,
  /^\s+tenant +updated/,
  /^\s+… and \d+ more/,
  /^▸ Database/,
  /exempt from the lock/,
];

/** @typedef {{ text: string, at: number }} Line */

const lines = await record(process.argv.slice(2));
const file = fileURLToPath(new URL('../docs/recording.svg', import.meta.url));
await writeFile(file, svg(lines));
console.log(`${lines.length} lines in ${file}`);

/** @param {string[]} options @returns {Promise<Line[]>} */
async function record(options) {
  const script = fileURLToPath(new URL('demo.mjs', import.meta.url));
  const demo = spawn(process.execPath, [script, '--fresh', ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NO_COLOR: '1' },
  });
  const start = Date.now();
  /** @type {Line[]} */
  const found = [{ text: '$ npm run demo', at: 0 }];
  for await (const line of createInterface({ input: demo.stdout })) {
    const text = shown(line);
    const isRepeated = text === '' && found.at(-1)?.text === '';
    if (!isRepeated && !LEFT_OUT.some((pattern) => pattern.test(text)))
      found.push({ text, at: Date.now() - start });
  }
  return found;
}

/** A line without colours, and without what Nest's logger writes before the message. @param {string} line */
function shown(line) {
  const text = stripVTControlCharacters(line).replace(/^\[Nest\].*?(?:LOG|WARN) (?=\[)/, '');
  const short = text.replace(/(─{40})─+/g, '$1').trimEnd();
  return short.length > COLUMNS ? `${short.slice(0, COLUMNS - 1)}…` : short;
}

/** @param {Line[]} recorded */
function svg(recorded) {
  const times = shares(recorded);
  const width = Math.round(COLUMNS * CHARACTER_WIDTH + 2 * PADDING);
  const height = ROWS * LINE_HEIGHT + 2 * PADDING;
  const texts = recorded.map(({ text }, at) => {
    const y = PADDING + (at + 1) * LINE_HEIGHT - 5;
    return `<text x="${PADDING}" y="${y}"${style(text)}>${escaped(text)}${animation('opacity', ['0', '1'], [0, times[at] ?? 0])}</text>`;
  });
  const offsets = recorded.map((_, at) => `0 ${-Math.max(0, at + 1 - ROWS) * LINE_HEIGHT}`);
  const scroll = `<animateTransform attributeName="transform" type="translate" calcMode="discrete" dur="${SECONDS}s" repeatCount="indefinite" values="${offsets.join(';')}" keyTimes="${times.map((time) => time.toFixed(4)).join(';')}"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="The terminal of the demo: two deployments with migrations, indexes, backfills and their proof">
<rect width="${width}" height="${height}" rx="8" fill="#11151c"/>
<svg x="0" y="${PADDING - 8}" width="${width}" height="${height - PADDING}"><g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" fill="#c9d1d9" xml:space="preserve">${scroll}
${texts.join('\n')}
</g></svg>
</svg>
`;
}

/** When each line appears, as a share of the loop: pauses of the demo are shortened. @param {Line[]} recorded */
function shares(recorded) {
  /** @type {number[]} */
  const moments = [];
  let moment = 0;
  recorded.forEach(({ at }, index) => {
    const gap = index === 0 ? 0 : at - (recorded[index - 1]?.at ?? 0);
    moment += index === 0 ? 0 : Math.min(Math.max(gap, 60), 1_200);
    moments.push(moment);
  });
  return moments.map((each) => (each / moment) * (1 - LAST_PICTURE));
}

/** @param {string} attribute @param {string[]} values @param {number[]} times */
function animation(attribute, values, times) {
  if (times[1] === 0) return '';
  return `<animate attributeName="${attribute}" calcMode="discrete" dur="${SECONDS}s" repeatCount="indefinite" values="${values.join(';')}" keyTimes="${times.map((time) => time.toFixed(4)).join(';')}"/>`;
}

/** @param {string} text */
function style(text) {
  if (/^[$▸─]/.test(text)) return ' fill="#79c0ff" font-weight="bold"';
  if (/complete$|^Complete|^Deployed|^Migrated|^Built/.test(text)) return ' fill="#7ee787"';
  return /^\[/.test(text) ? ' fill="#8b949e"' : '';
}

/** @param {string} text */
function escaped(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
