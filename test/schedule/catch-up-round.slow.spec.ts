import type { BackfillOptions } from 'nestjs-backfill';
import { CatchUpApplication, CapturedLog, ONCE_A_YEAR } from '../support/applications/catch-up.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, type Lead, LEAD_TABLES, resetLeads } from '../support/tables/lead-tables.ts';
import { countPending, Direction, searchName } from './catch-up-backfills.ts';

let database: TestDatabase;
let app: CatchUpApplication;
let log: CapturedLog;

beforeAll(async () => {
  database = await TestDatabase.create();
  app = await CatchUpApplication.start({
    database,
    entities: LEAD_TABLES,
    backfills: [searchName(), Direction],
  });
  await database.query(`CREATE INDEX ON leads (id) WHERE search_name IS NULL;
    CREATE INDEX ON leads (id) WHERE last_call_direction IS NULL`);
});

afterAll(async () => {
  await app.stop();
  await database.drop();
});

beforeEach(async () => {
  await resetLeads(database);
  await addLeads(database, 5);
  log = CapturedLog.start();
});

afterEach(() => log.stop());

describe('a round', () => {
  it('changes the pending rows', async () => {
    await app.runRound();
    expect(await countPending(database)).toBe(0);
    expect(await app.status('search-name')).toMatchObject({ status: 'complete', updated: 5 });
  });

  it('changes rows that became pending after completion, and counts them as drift', async () => {
    await app.runRound();
    await addLeads(database, 3);
    await app.runRound();
    expect(await countPending(database)).toBe(0);
    await database.query('UPDATE leads SET search_name = NULL WHERE id <= 2');
    await app.runRound();
    expect(await app.status('search-name')).toMatchObject({
      status: 'complete',
      updated: 10,
      drift: { rows: 5, times: 2, lastAt: expect.stringMatching(/^\d{4}-/) as string },
    });
    expect(await app.status('direction')).toMatchObject({ drift: { rows: 3, times: 1 } });
  });

  it('logs one line per backfill with pending rows, and nothing otherwise', async () => {
    await app.runRound();
    await addLeads(database, 2);
    log.clear();
    await app.runRound();
    expect(log.visible).toEqual([
      expect.stringMatching(
        /search-name: 2 rows done in .*\. They had become pending after completion \(drift\)\./,
      ),
      expect.stringMatching(/direction: 2 rows/),
    ]);
    log.clear();
    await app.runRound();
    expect(log.visible).toEqual([]);
  });

  it('continues an earlier run that was stopped', async () => {
    await app.application.service.run({ maxDurationMs: 0 });
    expect(await countPending(database)).toBe(5);
    await app.runRound();
    expect(await countPending(database)).toBe(0);
  });

  it.each<Partial<BackfillOptions<Lead>>>([
    { tenantOrder: 'smallest-first' },
    { tenantOrder: 'round-robin' },
    { canary: { tenants: ['1'], then: 'continue' } },
  ])('continues a stopped run by tenants, even during the pause after a probe: %j', async (order) => {
    const ordered = await CatchUpApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [searchName({ tenant: 'tenantId', batchSize: 1, progressEvery: 1, ...order })],
    });
    try {
      await database.query('UPDATE leads SET tenant_id = (id % 2)::text');
      const stop = new AbortController();
      const observer = { progressed: () => stop.abort('by the test') };
      await ordered.application.service.run({ signal: stop.signal, observer });
      expect(await ordered.status('search-name')).toMatchObject({ status: 'incomplete' });
      await database.query(`INSERT INTO nestjs_backfill.catch_up (name, version, target, not_before)
        VALUES ('search-name', 1, 'public.leads', clock_timestamp() + interval '1 hour')`);
      await ordered.runRound();
      expect(await ordered.status('search-name')).toMatchObject({ status: 'complete', updated: 5 });
    } finally {
      await ordered.stop();
    }
  });

  it.each(['paused', 'cancelled', 'failed'])('skips a backfill that is %s', async (status) => {
    await app.runRound();
    await addLeads(database, 1);
    await database.query(`UPDATE nestjs_backfill.backfill SET status = $1, reason = 'by Ann'`, [status]);
    await app.runRound();
    expect(await countPending(database)).toBe(1);
    expect(await app.status('search-name')).toMatchObject({ status, reason: 'by Ann' });
  });

  it('skips a backfill that another process is running', async () => {
    await app.application.service.run({ maxDurationMs: 0 });
    await database.query(
      `INSERT INTO nestjs_backfill.range (name, version, target, purpose, state, upper_key, lease_owner, lease_expires_at)
       VALUES ('search-name', 1, 'public.leads', 'sweep', 'sweeping', '["5"]', 'elsewhere:1:a', clock_timestamp() + interval '1 hour')`,
    );
    await app.runRound();
    expect(await database.query('SELECT FROM leads WHERE search_name IS NOT NULL')).toEqual([]);
    expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toEqual([]);
  });

  it('skips a backfill that only another deployment declares, or declares in a newer version', async () => {
    const newer = await CatchUpApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [searchName({ version: 2 })],
    });
    try {
      await app.runRound();
      await addLeads(database, 2);
      await newer.runRound();
      expect(await newer.status('search-name')).toMatchObject({ version: 2, status: 'complete' });
      expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toHaveLength(2);
      await database.query('UPDATE leads SET search_name = NULL');
      await app.runRound();
      expect(await database.query('SELECT FROM leads WHERE search_name IS NULL')).toHaveLength(7);
    } finally {
      await newer.stop();
    }
  });

  it('skips a backfill whose column does not exist yet, and does not mark it as failed', async () => {
    await database.query('ALTER TABLE leads RENAME search_name TO not_yet');
    try {
      await app.runRound();
      expect(log.visible).toEqual([expect.stringContaining('direction: 5 rows')]);
      expect((await app.status('search-name')).status).toBe('pending');
    } finally {
      await database.query('ALTER TABLE leads RENAME not_yet TO search_name');
    }
    await app.runRound();
    expect(await countPending(database)).toBe(0);
  });

  it('does not retry rows in quarantine, and changes other rows that become pending', async () => {
    await database.query(`UPDATE leads SET name = 'poison' WHERE id = 2`);
    await app.runRound();
    expect(log.visible[0]).toContain('1 in quarantine');
    await addLeads(database, 1);
    log.clear();
    await app.runRound();
    expect(await app.status('search-name')).toMatchObject({
      status: 'incomplete',
      updated: 5,
      quarantined: 1,
    });
    const before = await database.query('SELECT FROM nestjs_backfill.transition');
    await app.runRound();
    expect(await database.query('SELECT FROM nestjs_backfill.transition')).toHaveLength(before.length);
  });

  it('stops at its time limit, records the reason, and leaves the rest to the next round', async () => {
    const timeLimited = await CatchUpApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [searchName({ batchSize: 1, pause: 3_600_000 })],
      // Long enough for the first batch on a slow machine.
      catchUp: { cron: ONCE_A_YEAR, maxDuration: 5_000 },
    });
    try {
      await timeLimited.runRound();
      const { status, reason, updated } = await timeLimited.status('search-name');
      expect({ status, reason }).toEqual({
        status: 'incomplete',
        reason: "Stopped at the round's time limit of 5 s.",
      });
      expect(updated).toBeLessThan(5);
      await timeLimited.application.service.set('search-name', { pause: 0 });
      while ((await timeLimited.status('search-name')).status !== 'complete') await timeLimited.runRound();
      expect(await timeLimited.status('search-name')).toMatchObject({
        updated: 5,
        drift: { rows: 0, times: 0 },
      });
    } finally {
      await timeLimited.stop();
    }
  });

  it('starts with the backfill for which the last round had no time', async () => {
    const busy = await CatchUpApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [searchName({ batchSize: 1, pause: 3_600_000 }), Direction],
      // Long enough for the backfill without a pause to complete on a slow machine.
      catchUp: { cron: ONCE_A_YEAR, maxDuration: 10_000 },
    });
    try {
      await busy.runRound();
      expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toHaveLength(5);
      await busy.runRound();
      expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toEqual([]);
    } finally {
      await busy.stop();
    }
  });

  it('is logged once with its reason if it fails, and the next round changes the rows', async () => {
    await app.runRound();
    await addLeads(database, 1);
    await database.query('ALTER TABLE nestjs_backfill.range RENAME TO gone');
    log.clear();
    await app.runRound();
    await app.runRound();
    expect(log.visible).toEqual([
      expect.stringMatching(
        /^error: search-name: the round failed; the next one tries again. .*"nestjs_backfill.range" does not exist/,
      ),
      expect.stringMatching(/^error: direction: /),
    ]);
    await database.query('ALTER TABLE nestjs_backfill.gone RENAME TO range');
    await app.runRound();
    expect(await countPending(database)).toBe(0);
  });
});
