import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { CatchUpApplication, CapturedLog } from '../support/applications/catch-up.ts';
import { TestDatabase } from '../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../support/tables/lead-tables.ts';
import { until } from '../support/runs/until.ts';

@Backfill<Lead>({ name: 'search-name', entity: Lead, where: { searchName: IsNull() }, batchSize: 5_000 })
class SearchName implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}

/** More keys than a probe reads without an index. */
const LEADS = 60_000;
const INDEX = 'CREATE INDEX leads_pending ON leads (id) WHERE search_name IS NULL';

describe('a probe for rows that became pending', () => {
  let database: TestDatabase;
  let app: CatchUpApplication;
  let log: CapturedLog;

  beforeEach(async () => {
    database = await TestDatabase.create();
    app = await CatchUpApplication.start({ database, entities: LEAD_TABLES, backfills: [SearchName] });
    log = CapturedLog.start();
    await database.query(`ALTER TABLE leads SET (autovacuum_enabled = off);
      INSERT INTO leads (name, search_name) SELECT 'Lead ' || i, 'done' FROM generate_series(1, ${LEADS}) AS i;
      ANALYZE leads`);
    await app.runRound();
  });

  afterEach(async () => {
    log.stop();
    await app.stop();
    await database.drop();
  });

  /**
   * The sequential scans of the table and the rows read from it so far. A session reports its statistics when
   * it ends, so all others are ended first.
   */
  async function reads(): Promise<{ readonly scans: number; readonly rows: number }> {
    await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
    );
    await until(
      async () =>
        (
          await database.query(
            `SELECT FROM pg_stat_activity WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()`,
          )
        ).length === 0,
    );
    const [read] = await database.query<{ scans: number; rows: number }>(
      `SELECT seq_scan::int AS scans, (seq_tup_read + idx_tup_fetch)::int AS rows FROM pg_stat_user_tables WHERE relname = 'leads'`,
    );
    return read ?? { scans: NaN, rows: NaN };
  }

  it('uses the index that serves the predicate, and reads no row of a table without pending rows', async () => {
    await database.query(INDEX);
    const before = await reads();
    await app.runRound();
    expect(await reads()).toEqual(before);
    expect((await app.status('search-name')).looked).toMatchObject({ index: 'leads_pending' });
  });

  it('uses the index when the statistics say that the table is empty', async () => {
    await database.query(`${INDEX}; UPDATE pg_class SET reltuples = 0, relpages = 0 WHERE relname = 'leads'`);
    const before = await reads();
    await app.runRound();
    expect(await reads()).toEqual(before);
  });

  it('reads only a part of the table without an index, and not with a sequential scan', async () => {
    const before = await reads();
    await app.runRound();
    const after = await reads();
    expect(after.scans).toBe(before.scans);
    expect(after.rows - before.rows).toBeLessThan(LEADS / 2);
  });

  it('finds the newest rows at once without an index', async () => {
    await database.query(`INSERT INTO leads (name) VALUES ('New')`);
    await app.runRound();
    expect((await app.status('search-name')).drift.rows).toBe(1);
  });

  it('finds every row after some rounds without an index', async () => {
    await app.runRound();
    await database.query('UPDATE leads SET search_name = NULL WHERE id IN (3, 25000)');
    let rounds = 0;
    while ((await app.status('search-name')).drift.rows < 2) {
      await database.query('UPDATE nestjs_backfill.catch_up SET not_before = NULL');
      await app.runRound();
      expect((rounds += 1)).toBeLessThan(10);
    }
  });

  it('logs once which index to build if there is none', async () => {
    await app.runRound();
    await app.runRound();
    expect(log.visible).toEqual([
      expect.stringContaining(
        'Build one: CREATE INDEX CONCURRENTLY ON "leads" ("id") WHERE ("search_name" IS NULL)',
      ),
    ]);
  });

  it('does not use an index of another table that the predicate reads', async () => {
    await database.query(`CREATE INDEX ON call_logs (lead_id);
      INSERT INTO nestjs_backfill.backfill (name, version, kind, status, reason) VALUES ('without-calls', 1, 'set', 'complete', 'Done.')`);
    const other = await CatchUpApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [WithoutCalls],
    });
    try {
      await other.runRound();
      expect((await other.status('without-calls')).looked).toMatchObject({ index: null });
    } finally {
      await other.stop();
    }
  });

  it('is followed by a pause of twenty times its duration if it is slow', async () => {
    await database.query(
      `CREATE FUNCTION slowly(text) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN $1 IS NULL; END $$`,
    );
    const slow = await CatchUpApplication.start({ database, entities: LEAD_TABLES, backfills: [Slowly] });
    try {
      await database.query(
        `INSERT INTO nestjs_backfill.backfill (name, version, kind, status, reason) VALUES ('slowly', 1, 'set', 'complete', 'Done.')`,
      );
      await slow.runRound();
      const [{ pause } = { pause: 0 }] = await database.query<{ pause: number }>(
        `SELECT extract(epoch FROM not_before - looked_at)::float8 AS pause FROM nestjs_backfill.catch_up WHERE name = 'slowly'`,
      );
      expect(pause).toBeGreaterThan(20);
      const { looked } = await slow.status('slowly');
      await slow.runRound();
      expect((await slow.status('slowly')).looked).toEqual(looked);
    } finally {
      await slow.stop();
    }
  });

  it('does not wait long for a locked table', async () => {
    const client = await database.connect('a migration');
    await client.query('BEGIN; LOCK TABLE leads IN ACCESS EXCLUSIVE MODE');
    log.clear();
    await app.runRound();
    await client.query('COMMIT');
    await client.end();
    expect(log.lines).toEqual([
      {
        level: 'debug',
        text: expect.stringMatching(/skipped, because another session holds a lock on the table/) as string,
      },
    ]);
  });
});

@Backfill<Lead>({ name: 'slowly', entity: Lead, where: (lead) => `slowly(${lead.searchName})` })
class Slowly implements SetBackfill<Lead> {
  set() {
    return { searchName: `'x'` };
  }
}

@Backfill<Lead>({
  name: 'without-calls',
  entity: Lead,
  where: (lead) =>
    `${lead.searchName} = 'never' AND EXISTS (SELECT FROM call_logs WHERE lead_id = ${lead.id})`,
})
class WithoutCalls implements SetBackfill<Lead> {
  set() {
    return { searchName: `'x'` };
  }
}
