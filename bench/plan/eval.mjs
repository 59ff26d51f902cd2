import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { EmbeddedServer } from '../../scripts/lib/embedded-server.mjs';
import { holdPrediction } from './held-run.mjs';
import { buildTable, describeTable, drawTables } from './random-table.mjs';
import { errorsOf, shareWithin } from './score.mjs';

const USAGE = `Usage: npm run eval:plan [-- OPTIONS]

Draws tables at random, plans a backfill of each, runs it on PostgreSQL's defaults, and compares.

  --tables   number of tables (default 30)
  --seed     repeats the tables of an earlier run (default: the time)
  --first    number of the first table, to continue an earlier run (default 1)
  --scale    share of the rows (default 1: 20,000 to 250,000)
  --out      a file that receives each comparison as a line of JSON`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    tables: { type: 'string', default: '30' },
    seed: { type: 'string', default: String(Date.now() % 100_000) },
    first: { type: 'string', default: '1' },
    scale: { type: 'string', default: '1' },
    out: { type: 'string' },
  },
});
if (values.help) console.log(USAGE);
else await evaluate();

async function evaluate() {
  const [seed, first, count] = [Number(values.seed), Number(values.first), Number(values.tables)];
  console.log(
    `Seed ${seed}. Predicted / measured; (a) marks a run into which autovacuum or autoanalyze fell.`,
  );
  const tables = drawTables(seed, first - 1 + count, Number(values.scale)).slice(first - 1);
  const server = await EmbeddedServer.start();
  const errors = [];
  try {
    for (const table of tables) errors.push(await evaluateTable(server, table));
  } finally {
    await server.close();
  }
  for (const name of /** @type {const} */ (['time', 'wal', 'growth']))
    console.log(
      `${name.padEnd(6)} within 20 % in ${percent(shareWithin(errors, name))} of ${errors.length} tables`,
    );
}

/** @param {EmbeddedServer} server @param {import('./random-table.mjs').RandomTable} table */
async function evaluateTable(server, table) {
  const run = await withDatabase(server, async (client) => {
    await buildTable(client, table);
    return holdPrediction(client, server.url('eval'), table);
  });
  const errors = errorsOf(run);
  const { predicted, actual, bytesBefore, autovacuums } = run;
  const mb = (/** @type {number} */ bytes) => (bytes / 1e6).toFixed(1);
  console.log(
    `${String(table.number).padStart(2)}. ${describeTable(table)}; ${mb(bytesBefore)} MB${autovacuums > 0 ? ' (a)' : ''}`,
  );
  console.log(
    `    time ${predicted.seconds.toFixed(1)} / ${actual.seconds.toFixed(1)} s (${signed(errors.time)})` +
      `   WAL ${mb(predicted.wal)} / ${mb(actual.wal)} MB (${signed(errors.wal)})` +
      `   growth ${mb(predicted.growth)} / ${mb(actual.growth)} MB (${signed(errors.growth)})` +
      `   heap-only ${percent(predicted.heapOnly)} / ${percent(actual.heapOnly)}`,
  );
  if (values.out) appendFileSync(values.out, `${JSON.stringify({ table, run, errors })}\n`);
  return errors;
}

/**
 * @template T
 * @param {EmbeddedServer} server
 * @param {(client: pg.Client) => Promise<T>} work
 */
async function withDatabase(server, work) {
  const admin = await connect(server.url());
  await admin.query('CREATE DATABASE eval');
  const client = await connect(server.url('eval'));
  try {
    return await work(client);
  } finally {
    await client.end();
    await admin.query('DROP DATABASE eval WITH (FORCE)');
    await admin.end();
  }
}

/** @param {string} url */
async function connect(url) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  return client;
}

/** @param {number} share */
function percent(share) {
  return `${Math.round(100 * share)} %`;
}

/** @param {number} error */
function signed(error) {
  return `${error >= 0 ? '+' : '−'}${Math.abs(Math.round(100 * error))} %`;
}
