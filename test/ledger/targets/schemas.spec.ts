import { Backfill, type SetBackfill } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { LockHolder } from '../../support/server/lock-holder.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

@Backfill<Lead>({
  name: 'names',
  entity: Lead,
  where: { searchName: IsNull() },
  tenant: 'tenantId',
})
class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: "lower(name) || (length(name) / (name <> 'poison')::int)::text" };
  }
}

/** How an application gets its schema. */
const WAYS = ['the option `schema`', 'the search_path'] as const;

function start(database: TestDatabase, schema: string, way: (typeof WAYS)[number], maxWorkers = 1) {
  const url = new URL(database.url);
  url.searchParams.set('options', `-c search_path=${schema}`);
  return TestApplication.start({
    database: way === 'the search_path' ? database.at(url.href) : database,
    ...(way === 'the option `schema`' ? { schema } : {}),
    entities: LEAD_TABLES,
    backfills: [Names],
    module: { defaults: { pause: 0, maxWorkers } },
  });
}

describe.each(WAYS)('applications with a schema for each tenant, given by %s', (way) => {
  let database: TestDatabase;
  const applications: TestApplication[] = [];
  const application = (position: number) => applications[position] as TestApplication;
  const pending = async (schema: string) => {
    const [row] = await database.query<{ count: string }>(
      `SELECT count(*) FROM ${schema}.leads WHERE search_name IS NULL`,
    );
    return Number(row?.count);
  };
  const run = async (position: number) => {
    const { backfills } = await application(position).service.run();
    return backfills[0];
  };
  const status = async (position: number) => {
    const { backfills } = await application(position).service.status();
    return backfills[0];
  };

  beforeEach(async () => {
    database = await TestDatabase.create();
    for (const schema of ['tenant_1', 'tenant_2']) {
      await database.query(`CREATE SCHEMA ${schema}`);
      applications.push(await start(database, schema, way, 2));
      await database.query(
        `INSERT INTO ${schema}.leads (tenant_id, name) SELECT 'a', 'Lead ' || i FROM generate_series(1, 200) AS i`,
      );
    }
  });
  afterEach(async () => {
    for (const each of applications.splice(0)) await each.stop();
    await database.drop();
  });

  it('run at the same time, and each proves that no row of its own table is pending', async () => {
    const reports = await Promise.all([run(0), run(1)]);
    expect(reports).toMatchObject([
      { status: 'complete', proved: true, updated: 200, target: 'tenant_1.leads', remaining: 0 },
      { status: 'complete', proved: true, updated: 200, target: 'tenant_2.leads', remaining: 0 },
    ]);
    expect([await pending('tenant_1'), await pending('tenant_2')]).toEqual([0, 0]);
  });

  it('do not take the work of each other: one completes its rows while the other waits for a lock', async () => {
    const holder = await LockHolder.hold(database, 'SELECT FROM tenant_1.leads WHERE id = 7 FOR UPDATE');
    const waiting = run(0);
    expect(await run(1)).toMatchObject({ status: 'complete', updated: 200 });
    expect(await pending('tenant_1')).toBeGreaterThan(0);
    await holder.release();
    expect(await waiting).toMatchObject({ status: 'complete', updated: 200 });
  });

  it('have their own progress and quarantine, and the status shows both tables', async () => {
    await database.query(`UPDATE tenant_1.leads SET name = 'poison' WHERE id IN (3, 4)`);
    await run(0);
    await run(1);
    expect(await status(0)).toMatchObject({
      target: 'tenant_1.leads',
      status: 'incomplete',
      updated: 198,
      quarantined: 2,
      tenants: [{ tenant: 'a', updated: 198, quarantined: 2 }],
      otherTargets: { total: 1, first: [{ target: 'tenant_2.leads', status: 'complete' }] },
    });
    expect(await status(1)).toMatchObject({
      target: 'tenant_2.leads',
      status: 'complete',
      updated: 200,
      quarantined: 0,
      tenants: [{ tenant: 'a', updated: 200, quarantined: 0 }],
      otherTargets: { total: 1, first: [{ target: 'tenant_1.leads', status: 'incomplete' }] },
    });
  });

  it('that have not run say so, even if the backfill is complete in another schema', async () => {
    await run(0);
    expect(await status(1)).toMatchObject({
      target: 'tenant_2.leads',
      status: 'pending',
      reason: 'It has never run.',
      otherTargets: { total: 1, first: [{ target: 'tenant_1.leads', status: 'complete' }] },
    });
    expect(await application(1).service.prove('names')).toMatchObject({ complete: false, left: 200 });
  });

  it('notice a table that was dropped and made again: what was known of the old one is forgotten', async () => {
    await database.query(`UPDATE tenant_1.leads SET name = 'poison' WHERE id = 3`);
    await run(0);
    await database.query(`CREATE TABLE tenant_1.fresh (LIKE tenant_1.leads); DROP TABLE tenant_1.leads;
      ALTER TABLE tenant_1.fresh RENAME TO leads; ALTER TABLE tenant_1.leads ADD PRIMARY KEY (id)`);
    await database.query(
      `INSERT INTO tenant_1.leads (id, name) SELECT i, 'Lead ' || i FROM generate_series(1, 10) AS i`,
    );
    expect(await status(0)).toMatchObject({
      status: 'pending',
      quarantined: 0,
      reason: expect.stringContaining('dropped and made again') as string,
    });
    expect(await run(0)).toMatchObject({ status: 'complete', updated: 10, quarantined: 0 });
    expect(await status(0)).toMatchObject({ status: 'complete', updated: 10, quarantined: 0 });
  });

  it('keep the records of a table that was moved to another schema', async () => {
    await run(0);
    await application(0).stop();
    await database.query('CREATE SCHEMA moved');
    await database.query('ALTER TABLE tenant_1.leads SET SCHEMA moved');
    applications[0] = await start(database, 'moved', way);
    expect(await status(0)).toMatchObject({ status: 'complete', updated: 200 });
    expect(await run(0)).toMatchObject({ target: 'moved.leads', nothingToDo: true, proved: true });
    expect(await status(0)).toMatchObject({ target: 'moved.leads', status: 'complete', updated: 200 });
  });
});
