// Measures how well the guard judges labelled migrations of real projects:
// `npm run eval:guard -- --corpus DIR --labels FILE [--misses]`.
// The corpus has one folder for each repository, named as in the labels. It is not part of this project.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { checkFiles, DATA_RULES } from 'nestjs-backfill-guard';

/** @typedef {import('nestjs-backfill-guard').Finding} Finding */
/** @typedef {import('nestjs-backfill-guard').CheckReport} CheckReport */
/** One line of the labels, by column name. @typedef {Readonly<Record<string, string>>} Label */
/**
 * One direction of a labelled file.
 * @typedef {{ label: Label, file: string, direction: string, changesRows: boolean, verdict: string, findings: readonly Finding[], problem: string | undefined }} Row
 */
/**
 * The severity of a file in which a data change was found.
 * @typedef {{ file: string, expected: string, actual: string | undefined, rows: readonly Row[] }} Rating
 */

const { values: options } = parseArgs({
  options: {
    corpus: { type: 'string' },
    labels: { type: 'string' },
    misses: { type: 'boolean', default: false },
  },
});
if (!options.corpus || !options.labels) {
  console.error('usage: npm run eval:guard -- --corpus DIR --labels FILE [--misses]');
  process.exit(2);
}

const RANK = { LOW: 0, MEDIUM: 1, HIGH: 2 };
/** The labels rate changes of rows, not locks. @type {ReadonlySet<string>} */
const CHANGES_ROWS = new Set(DATA_RULES);
const { corpus } = options;
const labels = readLabels(options.labels);
const startedAt = performance.now();
const report = await checkFiles({ paths: labels.map((label) => pathOf(label)) });
const seconds = (performance.now() - startedAt) / 1000;
const rows = labels.flatMap((label) => rowsOf(label, report));
const ratings = rateFiles(rows);

printDirections();
printMeasures();
if (options.misses) printMisses();

/** @param {string} path @returns {readonly Label[]} */
function readLabels(path) {
  const [header = '', ...lines] = readFileSync(path, 'utf8').trimEnd().split('\n');
  const names = header.split('\t');
  return lines.map((line) =>
    Object.fromEntries(line.split('\t').map((value, index) => [names[index] ?? '', value])),
  );
}

/** @param {Label} label */
function pathOf(label) {
  return join(corpus ?? '', label['repo'] ?? '', label['path'] ?? '');
}

/** @param {Label} label @param {CheckReport} checked @returns {readonly Row[]} */
function rowsOf(label, checked) {
  const path = pathOf(label);
  const problem = checked.problems.find(({ file }) => file === path)?.problem;
  const reports = checked.migrations
    .filter(({ file }) => file === path)
    .flatMap(({ directions }) => directions);
  return ['up', 'down'].flatMap((direction) => {
    const changesRows = label[`${direction}_has_data_change`];
    if (changesRows === 'na') return [];
    const own = reports.filter((item) => item.direction === direction);
    return [
      {
        label,
        file: `${label['repo']}/${label['path']}`,
        direction,
        changesRows: changesRows === 'true',
        verdict: problem === undefined ? worstVerdict(own.map(({ verdict }) => verdict)) : 'unreadable',
        findings: own.flatMap(({ findings }) => findings),
        problem,
      },
    ];
  });
}

/** @param {readonly string[]} verdicts */
function worstVerdict(verdicts) {
  return ['violation', 'cannot-decide'].find((verdict) => verdicts.includes(verdict)) ?? 'clean';
}

/**
 * The severity of a label is that of the file's worst statement, in the directions that change rows.
 * @param {readonly Row[]} all
 * @returns {readonly Rating[]}
 */
function rateFiles(all) {
  const ratings = [];
  for (const file of new Set(all.map((row) => row.file))) {
    const own = all.filter((row) => row.file === file);
    if (!own.some((row) => row.changesRows && row.verdict === 'violation')) continue;
    const expected = own[0]?.label['severity'] ?? '';
    ratings.push({ file, expected, actual: worstSeverity(own.filter((row) => row.changesRows)), rows: own });
  }
  return ratings;
}

/** @param {readonly Row[]} of */
function worstSeverity(of) {
  return of
    .flatMap(({ findings }) => findings)
    .filter(({ rule }) => CHANGES_ROWS.has(rule))
    .map(({ severity }) => severity)
    .sort((a, b) => RANK[b] - RANK[a])[0];
}

/** @param {Row} row */
function isUndecided({ verdict }) {
  return verdict === 'cannot-decide' || verdict === 'unreadable';
}

function printDirections() {
  console.log('direction  TP   FN   FP   TN   cannot decide (of directions that change rows / change none)');
  for (const direction of ['up', 'down']) {
    const own = rows.filter((row) => row.direction === direction);
    const [changing, unchanging] = [
      own.filter((row) => row.changesRows),
      own.filter((row) => !row.changesRows),
    ];
    const count = (/** @type {readonly Row[]} */ of, /** @type {string} */ verdict) =>
      String(of.filter((row) => row.verdict === verdict).length).padEnd(4);
    const cells = [
      direction.padEnd(10),
      count(changing, 'violation'),
      count(changing, 'clean'),
      count(unchanging, 'violation'),
      count(unchanging, 'clean'),
      `${changing.filter(isUndecided).length}/${unchanging.filter(isUndecided).length}`,
    ];
    console.log(cells.join(' '));
  }
}

function printMeasures() {
  const changing = rows.filter((row) => row.changesRows);
  const found = changing.filter((row) => row.verdict === 'violation').length;
  const caught = changing.filter((row) => row.verdict !== 'clean').length;
  const reported = rows.filter((row) => row.verdict === 'violation').length;
  const files = new Set(rows.map((row) => row.file)).size;
  const undecided = new Set(rows.filter(isUndecided).map((row) => row.file)).size;
  const agreed = ratings.filter(({ expected, actual }) => expected === actual).length;
  console.log(`recall, violation or cannot decide  ${share(caught, changing.length)}  (target 0.98)`);
  console.log(`recall, only violation              ${share(found, changing.length)}  (target 0.93)`);
  console.log(`precision of violation              ${share(found, reported)}  (target 0.98)`);
  console.log(`files that cannot be decided        ${share(undecided, files)}  (target at most 0.05)`);
  console.log(`severity equals the label           ${share(agreed, ratings.length)}  (target 0.80)`);
  console.log(`files per second                    ${(files / seconds).toFixed(0)}`);
  const { readMs, parseMs, evaluateMs, sqlMs } = report.timing;
  const times = { read: readMs, parse: parseMs, evaluate: evaluateMs, SQL: sqlMs };
  console.log(
    `time: ${Object.entries(times)
      .map(([name, ms]) => `${name} ${ms.toFixed(0)} ms`)
      .join(', ')}`,
  );
}

/** @param {number} part @param {number} whole */
function share(part, whole) {
  return whole === 0 ? 'n/a' : (part / whole).toFixed(3);
}

function printMisses() {
  for (const row of rows.filter((item) => item.changesRows !== (item.verdict === 'violation')))
    printMiss(row);
  console.log('');
  for (const rating of ratings.filter(({ expected, actual }) => expected !== actual)) printRating(rating);
}

/** @param {Row} row */
function printMiss({ label, direction, changesRows, verdict, findings, problem }) {
  const expected = changesRows ? 'changes rows' : 'changes none';
  console.log(`\n${expected} → ${verdict}  ${direction}  ${label['path']}  ${label['note'] ?? ''}`);
  if (problem !== undefined) console.log(`    ${problem}`);
  for (const { rule, region, message } of findings.slice(0, 4))
    console.log(`    ${rule} line ${region.line}: ${message.slice(0, 200)}`);
}

/** @param {Rating} rating */
function printRating({ file, expected, actual, rows: own }) {
  console.log(`severity ${expected} → ${actual}  ${file}  ${own[0]?.label['note'] ?? ''}`);
  const finding = own
    .flatMap(({ findings }) => findings)
    .find(({ rule, severity }) => CHANGES_ROWS.has(rule) && severity === actual);
  if (!finding) return;
  const statement = finding.statement.replace(/\s+/g, ' ').slice(0, 220);
  console.log(`    ${finding.message}: ${finding.reason} | ${statement}`);
}
