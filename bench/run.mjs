import { availableParallelism } from 'node:os';
import { chosenCases } from './headline/cases.mjs';
import { measureHeadline } from './headline/headline.mjs';
import { printLines } from './headline/print.mjs';
import { defaultFile, keep, origin } from './headline/records.mjs';
import { summarize } from './headline/summary.mjs';
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
const cases =
  given.server === 'friendly' ? [] : chosenCases({ form: quick ? 'short' : 'full', ...given.choice }, size);
const rows =
  given.server === 'defaults' ? [] : measurements(size).filter(({ what }) => !only || only.test(what));
if (rows.length + cases.length === 0) {
  console.error(`--only ${only?.source}: no measurement has this name.`);
  process.exit(2);
}
const startedAt = performance.now();
const minutes = () => (performance.now() - startedAt) / 60_000;
const log = (/** @type {string} */ line) => console.log(`${minutes().toFixed(1).padStart(5)} min  ${line}`);

if (cases.length > 0) await runHeadline();
if (rows.length > 0) await runFriendly();
if (quick)
  console.log('This only checks that everything runs. At such a small scale the numbers have no meaning.');

async function runHeadline() {
  const server = await start('defaults');
  try {
    const from = origin(await server.describe());
    const file = given.out ?? defaultFile(from);
    const quietMs = quick ? 200 : 10_000;
    const records = await measureHeadline(cases, { server, origin: from, file, repeat, quietMs, log });
    printLines(summarize(records));
    console.log(`Written to ${file}`);
  } finally {
    await server.stop();
  }
}

async function runFriendly() {
  const server = await start('friendly');
  try {
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
    for (const result of results)
      await keep(file, { kind: 'row', ...from, ...about, at: run.at, scale, ...result });
    console.log(`Written to ${await writeJson(run, only ? 'partial' : 'latest')} and ${file}`);
    if (curves)
      for (const written of await writeDocs(run, curves, { table: !only }))
        console.log(`Written to ${written}`);
  } finally {
    await server.stop();
  }
}

/** @param {import('./lib/bench-server.mjs').Profile} profile */
function start(profile) {
  return BenchServer.start({
    profile,
    quick,
    ...(given.keep ? { folder: `.data/bench/${quick ? 'quick' : profile}` } : {}),
  });
}
