import { CatchUpApplication, CapturedLog } from '../support/applications/catch-up.ts';
import { TestDatabase } from '../support/server/database.ts';
import { addLeads, LEAD_TABLES, resetLeads } from '../support/tables/lead-tables.ts';
import { LockHolder } from '../support/server/lock-holder.ts';
import { until } from '../support/runs/until.ts';
import { countPending, Direction, searchName } from './catch-up-backfills.ts';

let database: TestDatabase;
let app: CatchUpApplication;
let other: CatchUpApplication;
let log: CapturedLog;

beforeAll(async () => {
  database = await TestDatabase.create();
  app = await CatchUpApplication.start({
    database,
    entities: LEAD_TABLES,
    backfills: [searchName(), Direction],
  });
  other = await CatchUpApplication.start({
    database,
    entities: LEAD_TABLES,
    backfills: [searchName(), Direction],
  });
  await database.query(`CREATE INDEX ON leads (id) WHERE search_name IS NULL;
    CREATE INDEX ON leads (id) WHERE last_call_direction IS NULL`);
});

afterAll(async () => {
  await app.stop();
  await other.stop();
  await database.drop();
});

beforeEach(async () => {
  await resetLeads(database);
  await addLeads(database, 5);
  log = CapturedLog.start();
});

afterEach(() => log.stop());

describe('with several instances', () => {
  it('only one instance runs a round at a time', async () => {
    await app.runRound();
    await addLeads(database, 1);
    const holder = await LockHolder.hold(database, 'LOCK TABLE leads IN SHARE MODE');
    const first = app.runRound();
    await until(() => holder.isWaitedFor(database));
    log.clear();
    await other.runRound();
    expect(log.lines.map(({ text }) => text)).toEqual([
      'search-name: another process is carrying out a round.',
      'direction: another process is carrying out a round.',
    ]);
    await holder.release();
    await first;
    expect(await countPending(database)).toBe(0);
    expect((await app.status('search-name')).drift).toMatchObject({ rows: 1, times: 1 });
  });

  it('another instance runs the rounds after the lease of a dead instance has expired', async () => {
    await app.runRound();
    await addLeads(database, 1);
    await database.query(`UPDATE nestjs_backfill.deploy_lease SET owner = 'dead', fencing_token = fencing_token + 1,
      expires_at = clock_timestamp() + interval '1 hour' WHERE phase LIKE 'catch-up %'`);
    await other.runRound();
    expect(await countPending(database)).toBe(1);
    await database.query(
      `UPDATE nestjs_backfill.deploy_lease SET expires_at = clock_timestamp() WHERE phase LIKE 'catch-up %'`,
    );
    await other.runRound();
    expect(await countPending(database)).toBe(0);
  });

  it('each row is changed once when all instances start a round at the same moment', async () => {
    await app.runRound();
    await addLeads(database, 50);
    await Promise.all([app.runRound(), other.runRound(), app.runRound(), other.runRound()]);
    expect(await countPending(database)).toBe(0);
    expect((await app.status('search-name')).drift).toMatchObject({ rows: 50 });
  });
});
