import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import type { PaceOptions } from 'nestjs-backfill';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';
import { terminateBackfills } from '../support/applications/jobs.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import {
  addRandomRows,
  auditRandomTables,
  CHANGES,
  clearRandomTable,
  KEY_KINDS,
  countDeviations,
  nameOf,
  RANDOM_BACKFILLS,
  RANDOM_TABLES,
  tableOf,
  type KeyKind,
} from '../support/tables/random-tables.ts';
import { seed } from '../support/runs/seeded-random.ts';

/** Set `SEED` and `RANDOM_PATH` as printed to repeat a failed run, and `RANDOM_RUNS` for more runs. */
const SEED = seed();
const RUNS = Number(process.env['RANDOM_RUNS'] ?? 20);
const PATH = process.env['RANDOM_PATH'];
/** After this time no further run begins, unless `RANDOM_RUNS` is set. */
const MAX_TIME_MS = process.env['RANDOM_RUNS'] === undefined ? 40_000 : undefined;
/** The number of parallel runs of the same backfill, as in several processes. */
const PROCESSES = [1, 2, 3] as const;
/** Workers of each process, and the maximum over all of them. */
const WORKERS = [
  { workers: 1, maxWorkers: 1 },
  { workers: 1, maxWorkers: 3 },
  { workers: 2, maxWorkers: 2 },
  { workers: 3, maxWorkers: 4 },
] as const;

const anyEvent = fc.record({
  /** Milliseconds after the previous event. */
  after: fc.nat({ max: 25 }),
  what: fc.constantFrom(
    'terminate',
    'abort',
    'lock',
    'lock table',
    'rewrite',
    'update',
    'delete',
    'insert',
    'start',
  ),
  /** Selects rows: the last digit of their number. */
  rows: fc.nat({ max: 9 }),
  /** How long a lock is held, in milliseconds. */
  holds: fc.nat({ max: 80 }),
});
const anyRun = fc.record({
  key: fc.constantFrom(...KEY_KINDS),
  change: fc.constantFrom(...CHANGES),
  rows: fc.oneof(fc.nat({ max: 12 }), fc.integer({ min: 40, max: 400 })),
  /** Distance between the numbers of two rows; `hole` leaves a gap in the middle. */
  gap: fc.constantFrom(1, 2, 7),
  hole: fc.boolean(),
  batchSize: fc.oneof(fc.integer({ min: 1, max: 9 }), fc.constantFrom(40, 200)),
  order: fc.constantFrom<'page' | 'key'>('page', 'key'),
  stripes: fc.constantFrom<number | 'auto'>('auto', 1, 2, 5),
  processes: fc.constantFrom(...PROCESSES),
  workers: fc.constantFrom(...WORKERS),
  events: fc.array(anyEvent, { maxLength: 14 }),
});
type Run = typeof anyRun extends fc.Arbitrary<infer T> ? T : never;
type Event = Run['events'][number];

describe('a backfill of any table with random events during its runs', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await TestDatabase.create();
    const first = await TestApplication.start({ ...applicationOptions({}), synchronize: true });
    await auditRandomTables(database);
    await first.service.run(); // installs the ledger
    await first.stop();
  });
  afterAll(() => database.drop());

  const applicationOptions = (pace: PaceOptions) => ({
    database,
    entities: RANDOM_TABLES,
    backfills: RANDOM_BACKFILLS,
    synchronize: false,
    poolSize: 12,
    module: { leaseDuration: 1_000, defaults: { pause: 0, progressEvery: 1, ...pace } },
  });

  it(`completes, and each row is changed and counted once (SEED=${SEED})`, async () => {
    await fc.assert(
      fc.asyncProperty(anyRun, async (run) => {
        const application = await TestApplication.start(
          applicationOptions({
            batchSize: run.batchSize,
            order: run.order,
            stripes: run.stripes,
            ...run.workers,
          }),
        );
        try {
          await check(application, run);
        } finally {
          await application.stop();
        }
      }),
      {
        seed: SEED | 0,
        numRuns: RUNS,
        // A failure that depends on timing cannot be reproduced in a smaller case.
        endOnFailure: true,
        ...(PATH === undefined ? {} : { path: PATH }),
        ...(MAX_TIME_MS === undefined
          ? {}
          : { interruptAfterTimeLimit: MAX_TIME_MS, markInterruptAsFailure: false }),
      },
    );
  }, 3_600_000);

  async function check(application: TestApplication, run: Run): Promise<void> {
    const { key, change, rows, gap, hole } = run;
    await clearRandomTable(database, key);
    await addRandomRows(
      database,
      key,
      1,
      rows * gap,
      `i % ${gap} = 0 ${hole ? `AND i NOT BETWEEN ${Math.floor((rows * gap) / 3)} AND ${Math.floor((rows * gap) / 2)}` : ''}`,
    );
    const names = [nameOf(key, change)];
    const aborts: AbortController[] = [];
    const runs: Promise<unknown>[] = [];
    const start = () => {
      const abort = new AbortController();
      aborts.push(abort);
      runs.push(application.service.run({ names, signal: abort.signal }));
    };
    for (let process = 0; process < run.processes; process++) start();
    const held: Promise<unknown>[] = [];
    for (const [at, event] of run.events.entries()) {
      await delay(event.after);
      if (event.what === 'start') start();
      else if (event.what === 'abort') aborts.at(event.rows % aborts.length)?.abort('the test');
      else await applyEvent(key, event, rows * gap + at + 1, held);
    }
    await Promise.all(held);
    await Promise.all(runs);
    const { backfills } = await application.service.run({ names });
    expect({ ...backfills[0], counts: await countDeviations(database, key, change) }).toMatchObject({
      status: 'complete',
      proved: true,
      counts: {
        notDone: 0,
        notLogged: 0,
        twice: 0,
        miscounted: 0,
        miscountedByTenant: 0,
        quarantined: 0,
        unfinished: 0,
        idleInTransaction: 0,
      },
    });
  }

  /** @param held receives the promises of locks and writes that end later */
  async function applyEvent(
    key: KeyKind,
    event: Event,
    newNumber: number,
    held: Promise<unknown>[],
  ): Promise<void> {
    const table = tableOf(key);
    const condition = `n % 10 = ${event.rows}`;
    const hold = async (sql: string) => {
      const holder = await LockHolder.hold(database, sql, 'test, holding');
      held.push(delay(event.holds).then(() => holder.release()));
    };
    // Not awaited, because the statement may wait for a lock that the test itself holds.
    const write = (sql: string) => held.push(database.query(sql));
    switch (event.what) {
      case 'terminate':
        return void (await terminateBackfills(database));
      case 'lock':
        return hold(`SELECT FROM ${table} WHERE ${condition} FOR UPDATE`);
      case 'lock table':
        return hold(`LOCK TABLE ${table} IN EXCLUSIVE MODE`);
      case 'rewrite':
        return void write(`VACUUM FULL ${table}`);
      case 'update':
        return void write(`UPDATE ${table} SET touched = touched + 1 WHERE ${condition}`);
      case 'delete':
        return void write(`DELETE FROM ${table} WHERE ${condition} AND n % 3 = 0`);
      default:
        return void held.push(addRandomRows(database, key, newNumber, newNumber));
    }
  }
});
