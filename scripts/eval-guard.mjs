// Measures the guard on labelled real migrations: `npm run eval:guard -- --corpus DIR --labels FILE [--misses]`.
// The corpus holds one folder a repository, named as the labels name it; it is never part of the project.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { checkFiles } from 'nestjs-backfill-guard';

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

const [header = '', ...lines] = readFileSync(options.labels, 'utf8').trimEnd().split('\n');
const names = header.split('\t');
const labels = lines.map((line) =>
  Object.fromEntries(line.split('\t').map((value, index) => [names[index] ?? '', value])),
);

const RANK = { LOW: 0, MEDIUM: 1, HIGH: 2 };
/** @type {{ label: Record<string, string>, direction: string, expected: boolean, verdict: string, findings: readonly import('nestjs-backfill-guard').Finding[], problem: import('nestjs-backfill-guard').FileProblem | undefined }[]} */
const rows = [];
const paths = labels.map((label) => join(options.corpus ?? '', label['repo'] ?? '', label['path'] ?? ''));
const start = performance.now();
const report = await checkFiles({ paths });
const seconds = (performance.now() - start) / 1000;

for (const [index, label] of labels.entries()) {
  const path = paths[index] ?? '';
  const reports = report.migrations.filter((migration) => migration.file === path);
  const problem = report.problems.find(({ file }) => file === path);
  for (const direction of ['up', 'down']) {
    const expected = label[`${direction}_has_data_change`];
    if (expected === 'na') continue;
    const directions = reports
      .flatMap((migration) => migration.directions)
      .filter((item) => item.direction === direction);
    const verdicts = directions.map(({ verdict }) => verdict);
    const verdict = problem
      ? 'unreadable'
      : verdicts.includes('violation')
        ? 'violation'
        : verdicts.includes('cannot-decide')
          ? 'cannot-decide'
          : 'clean';
    const findings = directions.flatMap((item) => item.findings);
    rows.push({ label, direction, expected: expected === 'true', verdict, findings, problem });
  }
}

/** @param {(row: typeof rows[number]) => boolean} filter */
const count = (filter) => rows.filter(filter).length;
/** @param {number} part @param {number} whole */
const share = (part, whole) => (whole === 0 ? 'n/a' : (part / whole).toFixed(3));

console.log('direction  TP   FN   FP   TN   cannot decide (expected changed/unchanged)');
for (const direction of ['up', 'down']) {
  const of = rows.filter((row) => row.direction === direction);
  const cell = (/** @type {boolean} */ expected, /** @type {string} */ verdict) =>
    of.filter((row) => row.expected === expected && row.verdict === verdict).length;
  const open = (/** @type {boolean} */ expected) =>
    cell(expected, 'cannot-decide') + cell(expected, 'unreadable');
  console.log(
    [
      direction.padEnd(10),
      ...[cell(true, 'violation'), cell(true, 'clean'), cell(false, 'violation'), cell(false, 'clean')].map(
        (value) => String(value).padEnd(4),
      ),
      `${String(open(true))}/${String(open(false))}`,
    ].join(' '),
  );
}

const positives = count((row) => row.expected);
const certain = count((row) => row.expected && row.verdict === 'violation');
const caught = count((row) => row.expected && row.verdict !== 'clean');
const claimed = count((row) => row.verdict === 'violation');
const files = new Set(rows.map((row) => `${row.label['repo']}/${row.label['path']}`));
const undecided = new Set(
  rows
    .filter((row) => row.verdict === 'cannot-decide' || row.verdict === 'unreadable')
    .map((row) => `${row.label['repo']}/${row.label['path']}`),
);

/** @param {typeof rows} of */
const worst = (of) =>
  of
    .flatMap((row) => row.findings)
    .filter(({ rule }) => rule !== 'cannot-decide')
    .map(({ severity }) => severity)
    .sort((a, b) => RANK[b] - RANK[a])[0];
const severe = [];
for (const file of files) {
  const of = rows.filter((row) => `${row.label['repo']}/${row.label['path']}` === file);
  const [first] = of;
  if (!first || !of.some((row) => row.expected && row.verdict === 'violation')) continue;
  // The label is the file's worst statement, in the directions that change data.
  severe.push({
    file,
    expected: first.label['severity'],
    actual: worst(of.filter((row) => row.expected)),
    of,
  });
}
const agreed = severe.filter(({ expected, actual }) => expected === actual).length;

console.log(`recall, violation or cannot decide  ${share(caught, positives)}  (target 0.98)`);
console.log(`recall, violation alone             ${share(certain, positives)}  (target 0.93)`);
console.log(
  `precision of violation              ${share(
    count((row) => row.expected && row.verdict === 'violation'),
    claimed,
  )}  (target 0.98)`,
);
console.log(
  `files that cannot be decided        ${share(undecided.size, files.size)}  (target at most 0.05)`,
);
console.log(`severity agrees in true positives   ${share(agreed, severe.length)}  (target 0.80)`);
console.log(`files per second                    ${(files.size / seconds).toFixed(0)}`);
const { timing } = report;
console.log(
  `time: read ${timing.readMs.toFixed(0)} ms, parse ${timing.parseMs.toFixed(0)} ms, follow ${timing.evaluateMs.toFixed(0)} ms, SQL ${timing.sqlMs.toFixed(0)} ms`,
);

if (options.misses) {
  for (const row of rows) {
    const wrong = row.expected !== (row.verdict === 'violation');
    if (!wrong) continue;
    console.log(
      `\n${row.expected ? 'changed' : 'unchanged'} → ${row.verdict}  ${row.direction}  ${row.label['path']}  ${row.label['note'] ?? ''}`,
    );
    if (row.problem) console.log(`    ${row.problem.problem}`);
    for (const finding of row.findings.slice(0, 4))
      console.log(`    ${finding.rule} line ${finding.region.line}: ${finding.message.slice(0, 200)}`);
  }
  console.log('');
  for (const { file, expected, actual, of } of severe.filter((item) => item.expected !== item.actual)) {
    console.log(`severity ${expected} → ${actual}  ${file}  ${of[0]?.label['note'] ?? ''}`);
    const finding = of.flatMap((row) => row.findings).find(({ severity }) => severity === actual);
    if (finding)
      console.log(
        `    ${finding.message}: ${finding.reason} | ${finding.statement.replace(/\s+/g, ' ').slice(0, 220)}`,
      );
  }
}
