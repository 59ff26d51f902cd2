import { mkdir, writeFile } from 'node:fs/promises';
import { barChart } from '../report/bars.mjs';
import { count } from '../report/numbers.mjs';
import { wrapped, writeSection } from '../report/page.mjs';
import { HEADLINE_TABLES, TABLES } from '../tables/tables.mjs';
import { cellsOf, speedText } from './print.mjs';
import { casesOf } from './records.mjs';
import { summarize, summarizeSpeeds } from './summary.mjs';

const BEGIN = '<!-- The headline is written from here (npm run bench -- --docs FILE) -->';
const CHARTS = 'docs/performance';
const OURS = '#0072b2';
const OTHERS = '#8c6d1f';
const BASE = '#c04f00';

/** @typedef {import('./summary.mjs').Line} Line */

/**
 * Writes tables and plots of kept results into the documentation, so that no number there is written by hand,
 * and the results themselves, so that a later run can be compared with them.
 * @param {readonly import('./records.mjs').BenchRecord[]} records
 * @returns {Promise<string[]>} the files
 */
export async function writeHeadline(records) {
  const cases = casesOf(records);
  const [first] = cases;
  if (!first) throw new Error('The file has no result of the headline');
  const lines = summarize(cases).filter(({ first }) => first.label === undefined);
  const about = aboutOf(cases, first);
  await mkdir(CHARTS, { recursive: true });
  const files = [];
  const parts = [wrapped(`${about}.`, '')];
  for (const table of HEADLINE_TABLES) {
    const own = lines.filter((line) => line.first.table === table);
    const [one] = own;
    if (!one) continue;
    const file = `${CHARTS}/${table}.svg`;
    await writeFile(file, plotOf(table, own));
    files.push(file);
    parts.push(sectionOf(table, own, one));
  }
  const speeds = summarizeSpeeds(cases);
  if (speeds.length > 0)
    parts.push(
      ['### Networks and sizes', '', ...speeds.map((line) => wrapped(`- ${speedText(line)}`, '  '))].join(
        '\n',
      ),
    );
  const results = `${CHARTS}/results.jsonl`;
  await writeFile(results, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
  return [...files, results, await writeSection(BEGIN, parts.join('\n\n'))];
}

/** @param {readonly import('./records.mjs').CaseRecord[]} cases @param {import('./records.mjs').CaseRecord} first */
function aboutOf(cases, { machine, at }) {
  const commits = [...new Set(cases.map(({ commit }) => commit))].join(', ');
  const rounds = Math.max(...cases.map(({ round }) => round)) + 1;
  return (
    `${at.slice(0, 10)}, commit ${commits}, PostgreSQL ${machine.postgres} with its defaults, Node.js ${machine.node}, ` +
    `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB of memory, ${rounds === 1 ? 'one round' : `${rounds} rounds`}`
  );
}

/** @param {import('../tables/tables.mjs').TableName} table @param {readonly Line[]} lines @param {Line} one */
function sectionOf(table, lines, one) {
  const { rows, bytesBefore } = one.first;
  return [
    `### ${table}: ${TABLES[table].about}`,
    '',
    `${count(rows)} rows, ${count(bytesBefore / 2 ** 20)} MiB.`,
    '',
    ...markdownTable(lines.filter(({ first }) => first.users === 'none')),
    '',
    ...withUsers(lines.filter(({ first }) => first.users === 'busy')),
    `![Time, WAL and growth of each way on the table ${table}](performance/${table}.svg)`,
  ].join('\n');
}

/** @param {readonly Line[]} lines */
const withUsers = (lines) =>
  lines.length === 0 ? [] : ['With users at work:', '', ...markdownTable(lines), ''];

/** @param {readonly Line[]} lines */
function markdownTable(lines) {
  const rows = lines.map((line) => ({ way: line.first.way, cells: cellsOf(line) }));
  const [head] = rows;
  if (!head) return [];
  const names = Object.keys(head.cells);
  return [
    `| way | ${names.join(' | ')} |`,
    `| --- | ${names.map(() => '---:').join(' | ')} |`,
    ...rows.map(({ way, cells }) => {
      const texts = Object.values(cells).map(({ text, verdict }) => `${text}${verdict}`);
      return `| ${way} | ${texts.join(' | ')} |`;
    }),
  ];
}

/** @param {string} table @param {readonly Line[]} lines */
function plotOf(table, lines) {
  const { postgres, cores } = lines[0]?.first.machine ?? { postgres: '', cores: 0 };
  const times = (/** @type {number} */ value) => `${value.toFixed(2)} ×`;
  return barChart({
    title: `Table ${table}: time, WAL and growth`,
    subtitle: `PostgreSQL ${postgres} with its defaults, ${cores} cores; time and WAL against one UPDATE of the same run`,
    panels: [
      { title: 'time', mark: 1, label: times },
      { title: 'WAL', mark: 1, label: times },
      { title: 'growth of table and indexes', label: (value) => `${(100 * value).toFixed(0)} %` },
    ],
    rows: lines
      .filter(({ first }) => first.users === 'none')
      .map(({ first: { way }, time, wal, growth }) => ({
        name: way,
        colour: way.startsWith('library') ? OURS : way === 'one UPDATE' ? BASE : OTHERS,
        values: [time?.value, wal?.value, growth.value],
      })),
  });
}
