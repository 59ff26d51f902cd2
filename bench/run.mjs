import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { EmbeddedServer } from '../scripts/lib/embedded-server.mjs';
import { guardCost } from './lib/guard.mjs';
import { memoryOf, median, percentile, pointUpdates, seconds } from './lib/measure.mjs';
import { fractions, staticGuardCost } from './lib/migrations.mjs';
import { buildLeads } from './lib/table.mjs';
import { backfill, oneUpdate, predicateOnlyLoop } from './lib/ways.mjs';

const USAGE = `Usage: npm run bench [-- --scale N] [--repeat N]
  --scale   share of the full size, e.g. 0.02 for a quick look (default 1: up to 1,000,000 rows)
  --repeat  measurements of each pair; the median counts (default 3)`;

const { scale, repeat } = options();
const size = (/** @type {number} */ rows) => Math.max(2_000, Math.round(rows * scale));
const server = await EmbeddedServer.start({
  settings: {
    shared_buffers: '512MB',
    max_wal_size: '8GB',
    checkpoint_timeout: '30min',
    max_connections: '50',
  },
});
/** @type {{ what: string, ratio: number, target: string, met: boolean, detail: string }[]} */
const results = [];
const client = new pg.Client({ connectionString: server.url() });
try {
  await client.connect();
  const bench = { client, url: server.url() };
  const noPause = { pause: 0 };

  /** Pairs A, B, A, B …: what the machine does meanwhile falls on both. @param {number} rowsA @param {typeof oneUpdate} wayA @param {number} rowsB @param {typeof oneUpdate} wayB */
  const pairs = async (rowsA, wayA, rowsB, wayB) => {
    const found = [];
    for (let i = 0; i < repeat; i++) {
      found.push({ a: await seconds(bench, rowsA, wayA), b: await seconds(bench, rowsB, wayB) });
    }
    return {
      a: median(found.map(({ a }) => a)),
      b: median(found.map(({ b }) => b)),
      ratio: median(found.map(({ a, b }) => a / b)),
    };
  };
  /** @param {string} what @param {number} ratio @param {'most' | 'least'} bound @param {number} target @param {string} detail */
  const record = (what, ratio, bound, target, detail) => {
    const met = bound === 'most' ? ratio <= target : ratio >= target;
    results.push({ what, ratio, target: `${bound === 'most' ? '≤' : '≥'} ${target}`, met, detail });
    console.log(
      `${met ? '✓' : '✗'} ${what}: ${ratio.toFixed(2)} (${bound === 'most' ? 'at most' : 'at least'} ${target}) ${detail}`,
    );
  };
  const rate = (/** @type {number} */ rows, /** @type {number} */ s) =>
    `${Math.round(rows / s).toLocaleString('en')} rows/s`;

  // First, while no migration has run in this process: the parser must not be there yet.
  const guard = await guardCost(server.url());
  record(
    'a migration of 200 statements, guarded against unguarded',
    guard.ratio,
    'most',
    1.2,
    `${guard.guardedMs.toFixed(0)} ms against ${guard.unguardedMs.toFixed(0)} ms`,
  );
  record('the guard per statement, median, in ms', guard.perStatementMs, 'most', 1, 'with the parser loaded');
  record(
    'the parser is loaded by the first migration, not before',
    guard.parserIsLazy ? 1 : 0,
    'least',
    1,
    guard.parserIsLazy ? 'yes' : 'no',
  );

  const files = Math.max(50, Math.round(1_000 * Math.min(scale, 1)));
  const check = await staticGuardCost(files);
  record(
    `the static guard over ${files.toLocaleString('en')} migrations, CPU seconds a thousand`,
    (1_000 * check.cpuSeconds) / files,
    'most',
    // A small sample pays for the start of the process.
    files >= 1_000 ? 5 : 50,
    `${check.wallSeconds.toFixed(1)} s on the clock: ${fractions(check.timing)}`,
  );
  record(
    'the static guard, memory in MB',
    check.memoryMb,
    'most',
    500,
    `${files.toLocaleString('en')} files`,
  );

  const million = size(1_000_000);
  const half = size(500_000);
  const small = size(100_000);

  const whole = await pairs(million, backfill('set', noPause), million, oneUpdate);
  record(
    'set, 200 rows a batch, no pause, against one UPDATE',
    whole.ratio,
    'most',
    1.6,
    `${whole.a.toFixed(2)} s against ${whole.b.toFixed(2)} s, ${million.toLocaleString('en')} rows`,
  );

  const loop = await pairs(half, predicateOnlyLoop, half, backfill('set', noPause));
  record(
    'predicate-only loop against set',
    loop.ratio,
    'least',
    4,
    `${loop.a.toFixed(2)} s against ${loop.b.toFixed(2)} s, ${half.toLocaleString('en')} rows`,
  );

  const smaller = await pairs(small, backfill('set', noPause), million, backfill('set', noPause));
  record(
    'rows/s at 1,000,000 against 100,000',
    million / smaller.b / (small / smaller.a),
    'least',
    0.9,
    `${rate(million, smaller.b)} against ${rate(small, smaller.a)}`,
  );

  const transform = await pairs(half, backfill('set', noPause), half, backfill('transform', noPause));
  record(
    'transform against set, speed',
    transform.ratio,
    'least',
    0.4,
    `${rate(half, transform.b)} against ${rate(half, transform.a)}`,
  );

  await buildLeads(client, small);
  const memorySmall = await memoryOf(() => backfill('transform', noPause)(bench));
  await buildLeads(client, million);
  const memoryLarge = await memoryOf(() => backfill('transform', noPause)(bench));
  record(
    'memory of a transform run, 1,000,000 rows against 100,000',
    Math.max(1, memoryLarge) / Math.max(1, memorySmall),
    'most',
    2,
    `${memoryLarge.toFixed(0)} MiB against ${memorySmall.toFixed(0)} MiB above the start`,
  );

  const user = new pg.Client({ connectionString: server.url() });
  await user.connect();
  await buildLeads(client, half);
  const alone = await pointUpdates(
    user,
    half,
    new Promise((resolve) => setTimeout(resolve, 10_000 * Math.max(scale, 0.2))),
  );
  for (const [name, pace, rows] of /** @type {const} */ ([
    ['defaults', {}, small],
    ['no pause', noPause, half],
  ])) {
    await buildLeads(client, rows);
    const during = await pointUpdates(user, rows, backfill('set', pace)(bench));
    record(
      `a user's point updates during set (${name}), p99 against none`,
      percentile(during, 0.99) / percentile(alone, 0.99),
      'most',
      3,
      `${percentile(during, 0.99).toFixed(1)} ms against ${percentile(alone, 0.99).toFixed(1)} ms, longest ${(during.at(-1) ?? 0).toFixed(1)} ms`,
    );
  }
  await user.end();
} finally {
  await client.end().catch(() => undefined);
  await server.stop();
}

console.table(
  results.map(({ what, ratio, target, met, detail }) => ({
    what,
    ratio: Number(ratio.toFixed(2)),
    target,
    met,
    detail,
  })),
);
await mkdir('bench/results', { recursive: true });
await writeFile(
  'bench/results/latest.json',
  `${JSON.stringify({ at: new Date().toISOString(), node: process.version, scale, repeat, results }, null, 2)}\n`,
);
console.log('Written to bench/results/latest.json');

function options() {
  try {
    const { values } = parseArgs({
      options: { scale: { type: 'string', default: '1' }, repeat: { type: 'string', default: '3' } },
    });
    const parsed = { scale: Number(values.scale), repeat: Number(values.repeat) };
    if (!(parsed.scale > 0 && parsed.scale <= 10) || !Number.isInteger(parsed.repeat) || parsed.repeat < 1)
      throw new Error('--scale is above 0, up to 10; --repeat a whole number from 1');
    return parsed;
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`);
    process.exit(2);
  }
}
