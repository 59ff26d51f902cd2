import { availableParallelism } from 'node:os';
import { measurements } from './lib/measurements.mjs';
import { options } from './lib/options.mjs';
import { measurePlot } from './report/plot.mjs';
import { printTable, writeDocs, writeJson } from './report/report.mjs';
import { measure } from './lib/runner.mjs';
import { BenchServer } from './lib/bench-server.mjs';

const { scale, repeat, only, plot } = options();
/** Below this scale, the start of an application takes longer than the work. */
const quick = scale < 0.1;
const size = (/** @type {number} */ rows) => Math.max(2_000, Math.round(rows * scale));
const rows = measurements(size).filter(({ what }) => !only || only.test(what));
if (rows.length === 0) {
  console.error(`--only ${only?.source}: no measurement has this name.`);
  process.exit(2);
}
const startedAt = performance.now();
const minutes = () => (performance.now() - startedAt) / 60_000;
const log = (/** @type {string} */ line) => console.log(`${minutes().toFixed(1).padStart(5)} min  ${line}`);

const server = await BenchServer.start({ quick });
try {
  const setting = { server, size, scale, quick, repeat, log };
  const { results, times } = await measure(rows, setting);
  const curves = plot ? await measurePlot(setting, times) : undefined;
  const run = {
    at: new Date().toISOString(),
    node: process.version,
    ...(await server.describe()),
    cores: availableParallelism(),
    scale,
    repeat,
    minutes: Math.round(minutes() * 10) / 10,
    results,
    ...(curves ? { curves } : {}),
  };
  printTable(results);
  if (quick)
    console.log('This only checks that everything runs. At such a small scale the numbers have no meaning.');
  console.log(`Written to ${await writeJson(run, only ? 'partial' : 'latest')}`);
  if (curves)
    for (const file of await writeDocs(run, curves, { table: !only })) console.log(`Written to ${file}`);
} finally {
  await server.stop();
}
