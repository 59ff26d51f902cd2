import { availableParallelism } from 'node:os';
import { chosenCases } from './headline/cases.mjs';
import { measureHeadline } from './headline/headline.mjs';
import { printComparison } from './headline/against.mjs';
import { writeHeadline } from './headline/page.mjs';
import { printLines, speedText } from './headline/print.mjs';
import { defaultFile, keep, origin, readRecords } from './headline/records.mjs';
import { summarize, summarizeSpeeds } from './headline/summary.mjs';
import { BenchServer } from './lib/bench-server.mjs';
import { measurements } from './lib/measurements.mjs';
import { options } from './lib/options.mjs';
import { measure } from './lib/runner.mjs';
import { measurePlot } from './report/plot.mjs';
import { printTable, writeDocs, writeJson } from './report/report.mjs';

const given = options();
const { scale, repeat, only } = given;
/** Below this scale, the start of an application takes longer than the work. */
const quick = scale < 0.1;
const size = (/** @type {number} */ rows) => Math.max(2_000, Math.round(rows * scale));
const startedAt = performance.now();
const minutes = () => (performance.now() - startedAt) / 60_000;
const log = (/** @type {string} */ line) => console.log(`${minutes().toFixed(1).padStart(5)} min  ${line}`);
const printWritten = (/** @type {readonly string[]} */ files) =>
  files.forEach((file) => console.log(`Written to ${file}`));

if (given.docs === undefined) await measureAll();
else printWritten(await writeHeadline(await readRecords(given.docs)));

async function measureAll() {
  const form = quick ? 'short' : 'full';
  const cases = given.server === 'friendly' ? [] : chosenCases({ form, ...given.choice }, size);
  const rows =
    given.server === 'defaults' ? [] : measurements(size).filter(({ what }) => !only || only.test(what));
  if (rows.length + cases.length === 0) {
    console.error(`--only ${only?.source}: no measurement has this name.`);
    process.exit(2);
  }
  // Read first: a wrong name must not cost a run.
  const kept = given.against === undefined ? undefined : await readRecords(given.against);
  /** @type {import('./headline/records.mjs').BenchRecord[]} */
  const records = [];
  if (cases.length > 0) records.push(...(await onServer('defaults', (server) => runHeadline(server, cases))));
  if (rows.length > 0) records.push(...(await onServer('friendly', (server) => runFriendly(server, rows))));
  if (kept) printComparison(given.against ?? '', kept, records);
  if (quick)
    console.log('This only checks that everything runs. At such a small scale the numbers have no meaning.');
}

/** @param {BenchServer} server @param {readonly import('./headline/cases.mjs').Case[]} cases */
async function runHeadline(server, cases) {
  const from = origin(await server.describe());
  const file = given.out ?? defaultFile(from);
  const records = await measureHeadline(cases, { server, origin: from, file, repeat, quick, log });
  printLines(summarize(records));
  for (const line of summarizeSpeeds(records)) console.log(speedText(line));
  printWritten([file]);
  return records;
}

/** @param {BenchServer} server @param {readonly import('./lib/runner.mjs').Row[]} rows */
async function runFriendly(server, rows) {
  const setting = { server, size, scale, quick, repeat, log };
  const { results, times } = await measure(rows, setting);
  const curves = given.plot ? await measurePlot(setting, times) : undefined;
  const about = await server.describe();
  const from = origin(about);
  const run = {
    ...{ at: from.run, node: process.version, ...about, cores: availableParallelism(), scale, repeat },
    ...{ minutes: Math.round(minutes() * 10) / 10, results, ...(curves ? { curves } : {}) },
  };
  printTable(results);
  const file = given.out ?? defaultFile(from);
  /** @type {import('./headline/records.mjs').RowRecord[]} */
  const records = results.map((result) => ({ kind: 'row', ...from, ...about, at: run.at, scale, ...result }));
  for (const record of records) await keep(file, record);
  printWritten([file, await writeJson(run, only ? 'partial' : 'latest')]);
  if (curves) printWritten(await writeDocs(run, curves, { table: !only }));
  return records;
}

/**
 * @template T
 * @param {import('./lib/bench-server.mjs').Profile} profile
 * @param {(server: BenchServer) => Promise<T>} work
 */
async function onServer(profile, work) {
  const folder = given.keep ? { folder: `.data/bench/${quick ? 'quick' : profile}` } : {};
  const server = await BenchServer.start({ profile, quick, ...folder });
  try {
    return await work(server);
  } finally {
    await server.stop();
  }
}
