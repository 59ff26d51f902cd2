import { BackfillRecords } from 'nestjs-backfill/operate';
import { CatchUpApplication, MODULE_JOB } from '../support/applications/catch-up.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, LEAD_TABLES } from '../support/tables/lead-tables.ts';
import { until } from '../support/runs/until.ts';
import { Direction, searchName } from './catch-up-backfills.ts';

let database: TestDatabase;

beforeEach(async () => {
  database = await TestDatabase.create();
});

afterEach(() => database.drop());

describe('catch-up jobs', () => {
  async function start(
    options: Omit<Parameters<typeof CatchUpApplication.start>[0], 'database' | 'entities'>,
  ): Promise<CatchUpApplication> {
    const started = await CatchUpApplication.start({ database, entities: LEAD_TABLES, ...options });
    await addLeads(database, 5);
    return started;
  }

  it('are in the SchedulerRegistry: one for the module, and one for each backfill with its own options', async () => {
    const started = await start({ backfills: [searchName({ catchUp: { interval: 3_600_000 } }), Direction] });
    try {
      expect(started.jobs).toEqual([MODULE_JOB, `${MODULE_JOB}:search-name`]);
      expect(started.registry.getIntervals()).toEqual([`${MODULE_JOB}:search-name`]);
    } finally {
      await started.stop();
    }
  });

  it('record each round for people: what it inspected, ran and changed, and what failed', async () => {
    const started = await start({ backfills: [searchName(), Direction] });
    const rounds = () => started.application.context.get(BackfillRecords).rounds();
    try {
      expect(await rounds()).toEqual([]);
      await started.runRound();
      await started.runRound();
      await database.query(`ALTER TABLE leads DROP COLUMN last_call_direction`);
      await database.query(`INSERT INTO leads (name) VALUES ('x')`);
      await started.runRound();
      const [third, second, first, ...others] = await rounds();
      expect(others).toEqual([]);
      expect(first).toMatchObject({
        job: MODULE_JOB,
        inspected: 2,
        ran: 2,
        updated: 10,
        failed: 0,
        problem: null,
      });
      expect(second).toMatchObject({ inspected: 2, ran: 0, updated: 0 });
      expect(third).toMatchObject({ inspected: 2, ran: 1, updated: 1 });
      expect(Date.parse(third?.endedAt ?? '')).toBeGreaterThanOrEqual(Date.parse(first?.endedAt ?? ''));
      // What found nothing is kept for an hour only.
      await database.query(
        `UPDATE nestjs_backfill.catch_up_round SET ended_at = ended_at - interval '2 hours'`,
      );
      await started.runRound();
      expect((await rounds()).map(({ ran }) => ran)).toEqual([0, 1, 2]);
    } finally {
      await started.stop();
    }
  });

  it('do not run a backfill with `catchUp: false`', async () => {
    const started = await start({ backfills: [searchName({ catchUp: false }), Direction] });
    try {
      await started.runRound();
      expect(await database.query('SELECT FROM leads WHERE search_name IS NULL')).toHaveLength(5);
      expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toEqual([]);
    } finally {
      await started.stop();
    }
  });

  it('do not exist with `catchUp: false` in the module, even if a backfill has its own options', async () => {
    const started = await start({
      backfills: [searchName({ catchUp: { interval: 1_000 } })],
      catchUp: false,
    });
    expect(started.jobs).toEqual([]);
    await started.stop();
  });

  it('run repeatedly if they have an interval', async () => {
    const started = await start({ backfills: [searchName()], catchUp: { interval: 1_000, jitter: 50 } });
    try {
      await until(async () => (await started.status('search-name')).status === 'complete');
      await addLeads(database, 1);
      await until(async () => (await started.status('search-name')).drift.rows === 1);
    } finally {
      await started.stop();
    }
  });

  it('are removed when the application shuts down', async () => {
    const started = await start({ backfills: [searchName({ catchUp: { interval: 3_600_000 } }), Direction] });
    await started.stop();
    expect(started.jobs).toEqual([]);
  });
});
