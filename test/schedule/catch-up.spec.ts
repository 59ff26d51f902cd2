import { Backfill, type BackfillOptions, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { CatchingUp, HeardLog, MODULE_JOB, ONCE_A_YEAR } from '../support/catch-up.ts';
import { TestDatabase } from '../support/database.ts';
import { addLeads, Lead, LEAD_TABLES, startAfresh } from '../support/lead-tables.ts';
import { LockHolder } from '../support/lock-holder.ts';
import { until } from '../support/until.ts';

function searchName(options: Partial<BackfillOptions<Lead>> = {}): new () => object {
  @Backfill<Lead>({ name: 'search-name', entity: Lead, where: { searchName: IsNull() }, ...options })
  class SearchName implements SetBackfill<Lead> {
    set() {
      return { searchName: `lower(name) || (1 / (name <> 'poison')::int)::text` };
    }
  }
  return SearchName;
}

@Backfill<Lead>({ name: 'direction', entity: Lead, where: { lastCallDirection: IsNull() } })
class Direction implements SetBackfill<Lead> {
  set() {
    return { lastCallDirection: `'none'` };
  }
}

const ENTITIES = LEAD_TABLES;
let database: TestDatabase;
let app: CatchingUp;
let other: CatchingUp;
let heard: HeardLog;

beforeAll(async () => {
  database = await TestDatabase.create();
  app = await CatchingUp.start({ database, entities: ENTITIES, backfills: [searchName(), Direction] });
  other = await CatchingUp.start({ database, entities: ENTITIES, backfills: [searchName(), Direction] });
  await database.query(`CREATE INDEX ON leads (id) WHERE search_name IS NULL;
    CREATE INDEX ON leads (id) WHERE last_call_direction IS NULL`);
});

afterAll(async () => {
  await app.stop();
  await other.stop();
  await database.drop();
});

beforeEach(async () => {
  await startAfresh(database);
  await addLeads(database, 5);
  heard = HeardLog.listen();
});

afterEach(() => heard.rest());

const left = async () =>
  (await database.query('SELECT FROM leads WHERE search_name IS NULL OR last_call_direction IS NULL')).length;

describe('a round', () => {
  it('does what is pending', async () => {
    await app.round();
    expect(await left()).toBe(0);
    expect(await app.status('search-name')).toMatchObject({ status: 'complete', updated: 5 });
  });

  it('does rows that became pending after completion, and records them as drift with their count', async () => {
    await app.round();
    await addLeads(database, 3);
    await app.round();
    expect(await left()).toBe(0);
    await database.query('UPDATE leads SET search_name = NULL WHERE id <= 2');
    await app.round();
    expect(await app.status('search-name')).toMatchObject({
      status: 'complete',
      updated: 10,
      drift: { rows: 5, times: 2, lastAt: expect.stringMatching(/^\d{4}-/) as string },
    });
    expect(await app.status('direction')).toMatchObject({ drift: { rows: 3, times: 1 } });
  });

  it('tells in one line what it found, and nothing when there was nothing', async () => {
    await app.round();
    await addLeads(database, 2);
    heard.clear();
    await app.round();
    expect(heard.seen).toEqual([
      expect.stringMatching(
        /search-name: 2 rows done in .*\. They had become pending after completion \(drift\)\./,
      ),
      expect.stringMatching(/direction: 2 rows/),
    ]);
    heard.clear();
    await app.round();
    expect(heard.seen).toEqual([]);
  });

  it('goes on with what an earlier run left', async () => {
    await app.application.service.run({ maxDurationMs: 0 });
    expect(await left()).toBe(5);
    await app.round();
    expect(await left()).toBe(0);
  });

  it.each<Partial<BackfillOptions<Lead>>>([
    { tenantOrder: 'smallest-first' },
    { tenantOrder: 'round-robin' },
    { canary: { tenants: ['1'], then: 'continue' } },
  ])(
    'goes on with what was stopped among its tenants, whatever pause a look was given: %j',
    async (order) => {
      const ordered = await CatchingUp.start({
        database,
        entities: ENTITIES,
        backfills: [searchName({ tenant: 'tenantId', batchSize: 1, progressEvery: 1, ...order })],
      });
      try {
        await database.query('UPDATE leads SET tenant_id = (id % 2)::text');
        const stop = new AbortController();
        const observer = { progressed: () => stop.abort('by the test') };
        await ordered.application.service.run({ signal: stop.signal, observer });
        expect(await ordered.status('search-name')).toMatchObject({ status: 'incomplete' });
        await database.query(`INSERT INTO nestjs_backfill.catch_up (name, version, not_before)
        VALUES ('search-name', 1, clock_timestamp() + interval '1 hour')`);
        await ordered.round();
        expect(await ordered.status('search-name')).toMatchObject({ status: 'complete', updated: 5 });
      } finally {
        await ordered.stop();
      }
    },
  );

  it.each(['paused', 'cancelled', 'failed'])('leaves a backfill alone that is %s', async (status) => {
    await app.round();
    await addLeads(database, 1);
    await database.query(`UPDATE nestjs_backfill.backfill SET status = $1, reason = 'by Ann'`, [status]);
    await app.round();
    expect(await left()).toBe(1);
    expect(await app.status('search-name')).toMatchObject({ status, reason: 'by Ann' });
  });

  it('leaves a backfill alone that another process is running', async () => {
    await app.application.service.run({ maxDurationMs: 0 });
    await database.query(
      `INSERT INTO nestjs_backfill.range (name, version, purpose, state, upper_key, lease_owner, lease_expires_at)
       VALUES ('search-name', 1, 'sweep', 'sweeping', '["5"]', 'elsewhere:1:a', clock_timestamp() + interval '1 hour')`,
    );
    await app.round();
    expect(await database.query('SELECT FROM leads WHERE search_name IS NOT NULL')).toEqual([]);
    expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toEqual([]);
  });

  it('leaves a backfill alone whose class is not deployed here, and older versions of one that is', async () => {
    const newer = await CatchingUp.start({
      database,
      entities: ENTITIES,
      backfills: [searchName({ version: 2 })],
    });
    try {
      await app.round();
      await addLeads(database, 2);
      await newer.round();
      expect(await newer.status('search-name')).toMatchObject({ version: 2, status: 'complete' });
      expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toHaveLength(2);
      await database.query('UPDATE leads SET search_name = NULL');
      await app.round();
      expect(await database.query('SELECT FROM leads WHERE search_name IS NULL')).toHaveLength(7);
    } finally {
      await newer.stop();
    }
  });

  it('leaves a backfill alone whose column is not there yet, and does not call it failed', async () => {
    await database.query('ALTER TABLE leads RENAME search_name TO not_yet');
    try {
      await app.round();
      expect(heard.seen).toEqual([expect.stringContaining('direction: 5 rows')]);
      expect((await app.status('search-name')).status).toBe('pending');
    } finally {
      await database.query('ALTER TABLE leads RENAME not_yet TO search_name');
    }
    await app.round();
    expect(await left()).toBe(0);
  });

  it('leaves rows in quarantine where they are, and does what becomes pending beside them', async () => {
    await database.query(`UPDATE leads SET name = 'poison' WHERE id = 2`);
    await app.round();
    expect(heard.seen[0]).toContain('1 in quarantine');
    await addLeads(database, 1);
    heard.clear();
    await app.round();
    expect(await app.status('search-name')).toMatchObject({
      status: 'incomplete',
      updated: 5,
      quarantined: 1,
    });
    const before = await database.query('SELECT FROM nestjs_backfill.transition');
    await app.round();
    expect(await database.query('SELECT FROM nestjs_backfill.transition')).toHaveLength(before.length);
  });

  it('stops at its time limit with the rest left for the next one, and says so', async () => {
    const brief = await CatchingUp.start({
      database,
      entities: ENTITIES,
      backfills: [searchName({ batchSize: 1, pause: 600 })],
      catchUp: { cron: ONCE_A_YEAR, maxDuration: 1_000 },
    });
    try {
      await brief.round();
      const { status, reason, updated } = await brief.status('search-name');
      expect({ status, reason }).toEqual({
        status: 'incomplete',
        reason: "Stopped at the round's time limit of 1 s.",
      });
      expect(updated).toBeLessThan(5);
      while ((await brief.status('search-name')).status !== 'complete') await brief.round();
      expect(await brief.status('search-name')).toMatchObject({ updated: 5, drift: { rows: 0, times: 0 } });
    } finally {
      await brief.stop();
    }
  });

  it('that had no time left for a backfill is followed by one that begins with it', async () => {
    const busy = await CatchingUp.start({
      database,
      entities: ENTITIES,
      backfills: [searchName({ batchSize: 1, pause: 3_600_000 }), Direction],
      catchUp: { cron: ONCE_A_YEAR, maxDuration: 1_000 },
    });
    try {
      await busy.round();
      expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toHaveLength(5);
      await busy.round();
      expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toEqual([]);
    } finally {
      await busy.stop();
    }
  });

  it('that goes wrong is told once with its reason, and the next one does the work', async () => {
    await app.round();
    await addLeads(database, 1);
    await database.query('ALTER TABLE nestjs_backfill.range RENAME TO gone');
    heard.clear();
    await app.round();
    await app.round();
    expect(heard.seen).toEqual([
      expect.stringMatching(
        /^error: search-name: the round failed; the next one tries again. .*"nestjs_backfill.range" does not exist/,
      ),
      expect.stringMatching(/^error: direction: /),
    ]);
    await database.query('ALTER TABLE nestjs_backfill.gone RENAME TO range');
    await app.round();
    expect(await left()).toBe(0);
  });
});

describe('of several instances', () => {
  it('one at a time carries out a round; the others leave it to that one', async () => {
    await app.round();
    await addLeads(database, 1);
    const holder = await LockHolder.hold(database, 'LOCK TABLE leads IN SHARE MODE');
    const first = app.round();
    await until(() => holder.isWaitedFor(database));
    heard.clear();
    await other.round();
    expect(heard.lines.map(({ text }) => text)).toEqual([
      'search-name: another process is carrying out a round.',
      'direction: another process is carrying out a round.',
    ]);
    await holder.release();
    await first;
    expect(await left()).toBe(0);
    expect((await app.status('search-name')).drift).toMatchObject({ rows: 1, times: 1 });
  });

  it('the next one carries out rounds when one has died, once its lease has run out', async () => {
    await app.round();
    await addLeads(database, 1);
    await database.query(`UPDATE nestjs_backfill.deploy_lease SET owner = 'dead', fencing_token = fencing_token + 1,
      expires_at = clock_timestamp() + interval '1 hour' WHERE phase = 'catch-up'`);
    await other.round();
    expect(await left()).toBe(1);
    await database.query(
      `UPDATE nestjs_backfill.deploy_lease SET expires_at = clock_timestamp() WHERE phase = 'catch-up'`,
    );
    await other.round();
    expect(await left()).toBe(0);
  });

  it('each does its rows once when all of them come at the same moment', async () => {
    await app.round();
    await addLeads(database, 50);
    await Promise.all([app.round(), other.round(), app.round(), other.round()]);
    expect(await left()).toBe(0);
    expect((await app.status('search-name')).drift).toMatchObject({ rows: 50 });
  });
});

describe('jobs', () => {
  const start = async (options: Omit<Parameters<typeof CatchingUp.start>[0], 'database' | 'entities'>) =>
    CatchingUp.start({ database, entities: ENTITIES, ...options });

  it('stand in the SchedulerRegistry: one of the module, and one of each backfill with options of its own', async () => {
    const started = await start({ backfills: [searchName({ catchUp: { interval: 3_600_000 } }), Direction] });
    try {
      expect(started.jobs).toEqual([MODULE_JOB, `${MODULE_JOB}:search-name`]);
      expect(started.registry.getIntervals()).toEqual([`${MODULE_JOB}:search-name`]);
    } finally {
      await started.stop();
    }
  });

  it('leave out a backfill that says false', async () => {
    const started = await start({ backfills: [searchName({ catchUp: false }), Direction] });
    try {
      await started.round();
      expect(await database.query('SELECT FROM leads WHERE search_name IS NULL')).toHaveLength(5);
      expect(await database.query('SELECT FROM leads WHERE last_call_direction IS NULL')).toEqual([]);
    } finally {
      await started.stop();
    }
  });

  it('are none where the module says false, whatever the backfills say', async () => {
    const started = await start({
      backfills: [searchName({ catchUp: { interval: 1_000 } })],
      catchUp: false,
    });
    expect(started.jobs).toEqual([]);
    await started.stop();
  });

  it('of an interval come by themselves, again and again', async () => {
    const started = await start({ backfills: [searchName()], catchUp: { interval: 1_000, jitter: 50 } });
    try {
      await until(async () => (await started.status('search-name')).status === 'complete');
      await addLeads(database, 1);
      await until(async () => (await started.status('search-name')).drift.rows === 1);
    } finally {
      await started.stop();
    }
  });

  it('are gone with the application', async () => {
    const started = await start({ backfills: [searchName({ catchUp: { interval: 3_600_000 } }), Direction] });
    await started.stop();
    expect(started.jobs).toEqual([]);
  });
});
