import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { addLeads, Lead, LEAD_TABLES, resetLeads } from '../../support/tables/lead-tables.ts';
import { Recorder } from '../../support/runs/recorder.ts';

@Backfill<Lead>({
  name: 'search-name',
  entity: Lead,
  where: { searchName: IsNull() },
  batchSize: 10,
  order: 'key',
})
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'name' };
  }
}

/** The table is small, but counting its rows takes as long as on a large table. */
@Backfill<Lead>({
  name: 'slow-to-count',
  entity: Lead,
  where: (row) => `${row.searchName} IS NULL AND pg_sleep(0.4) IS NOT NULL`,
  batchSize: 10,
})
class SlowToCount extends SearchName {}

describe('progress', () => {
  let database: TestDatabase;
  let application: TestApplication;

  beforeAll(async () => {
    database = await TestDatabase.create();
    application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [SearchName, SlowToCount],
    });
  });

  afterAll(async () => {
    await application.stop();
    await database.drop();
  });

  beforeEach(() => resetLeads(database));

  it('is reported after every batch, with a line every 10 batches: rows, fraction, remaining time, key', async () => {
    await addLeads(database, 300);
    const recorder = new Recorder();
    await application.service.run({ names: ['search-name'], observer: recorder });
    expect(recorder.starts).toEqual([
      {
        name: 'search-name',
        run: expect.stringMatching(/^[0-9a-f]{8}$/) as string,
        version: 1,
        reason: 'First run.',
        total: 300,
        totalIsEstimate: false,
      },
    ]);
    expect(recorder.progress.map(({ batches }) => batches)).toEqual(
      Array.from({ length: 30 }, (_, at) => at + 1),
    );
    expect(recorder.lines.map(({ batches }) => batches)).toEqual([10, 20, 30]);
    const [first, , last] = recorder.lines;
    expect(first).toMatchObject({
      name: 'search-name',
      updated: 100,
      total: 300,
      totalIsEstimate: false,
      fraction: 1 / 3,
      cursor: ['100'],
    });
    expect(first?.rowsPerSecond).toBeGreaterThan(0);
    expect(first?.remainingMs).toBeCloseTo((200 / (first?.rowsPerSecond ?? 0)) * 1000, -1);
    expect(last).toMatchObject({ updated: 300, fraction: 1, remainingMs: 0, cursor: ['300'] });
    expect(recorder.reports).toMatchObject([{ status: 'complete', updated: 300, batches: 30 }]);
  });

  it('counts only the remaining rows in a run that continues an earlier run', async () => {
    await addLeads(database, 600);
    const stop = new AbortController();
    await application.service.run({
      names: ['search-name'],
      signal: stop.signal,
      observer: { progressed: ({ updated }) => updated === 200 && stop.abort('the test') },
    });
    const [{ left }] = (await database.query(
      'SELECT count(*)::int AS left FROM leads WHERE search_name IS NULL',
    )) as [{ left: number }];
    // Batches that were in flight at the stop may have committed too.
    expect([left % 10, left <= 400, left > 100]).toEqual([0, true, true]);
    const recorder = new Recorder();
    await application.service.run({ names: ['search-name'], observer: recorder });
    expect(recorder.starts).toMatchObject([{ total: left, reason: 'Continues where the last run stopped.' }]);
    expect(recorder.progress.at(-1)).toMatchObject({ updated: left, fraction: 1 });
  });

  it('contains the planner’s estimate and marks it as an estimate if counting takes longer than a second', async () => {
    await addLeads(database, 4);
    // The statistics know one row.
    await database.query(`ANALYZE leads; UPDATE pg_class SET reltuples = 1 WHERE oid = 'leads'::regclass`);
    const recorder = new Recorder();
    const report = await application.service.run({ names: ['slow-to-count'], observer: recorder });
    expect(report).toMatchObject({ outcome: 'complete', backfills: [{ updated: 4 }] });
    expect(recorder.starts).toMatchObject([{ totalIsEstimate: true }]);
    expect(recorder.starts[0]?.total).toBeGreaterThan(0);
    expect(recorder.progress[0]).toMatchObject({ totalIsEstimate: true });
    // An estimate may be wrong: the fraction must not reach 1.
    expect(recorder.progress.at(-1)).toMatchObject({ updated: 4, fraction: 0.99 });
  });

  it('ends at maxDurationMs; the report gives the reason, and the next run continues from there', async () => {
    await addLeads(database, 300);
    const recorder = new Recorder();
    const started = performance.now();
    const limit = 1_500;
    const report = await application.service.run({
      names: ['search-name'],
      maxDurationMs: limit,
      observer: {
        // Slow enough to reach the limit before the last of the 30 batches on any machine.
        progressed: (event) => {
          recorder.progressed(event);
          while (performance.now() - started < (limit * event.batches) / 2);
        },
      },
    });
    expect(report).toMatchObject({
      outcome: 'incomplete',
      backfills: [
        {
          status: 'incomplete',
          reason: expect.stringMatching(/^Stopped at its time limit of 1.5 s\.$/) as string,
        },
      ],
    });
    const done = recorder.progress.length;
    expect(done).toBeLessThan(30);
    expect(await application.service.run({ names: ['search-name'] })).toMatchObject({
      outcome: 'complete',
      backfills: [{ updated: 300 - done * 10 }],
    });
  });
});
