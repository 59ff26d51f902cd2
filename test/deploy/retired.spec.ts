import { Backfill, MigrationsService, SchemaMigration } from 'nestjs-backfill';
import { RetiredBackfillError } from 'nestjs-backfill/errors';
import type { QueryRunner } from 'typeorm';
import { EntitySchema } from 'typeorm';
import { exitCodeOfInspection } from '../../libs/backfill/src/one-shot/exit-code.ts';
import { renderOneShotPlan } from '../../libs/backfill/src/one-shot/output/text/report.renderer.ts';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';

const entityWith = (column: string | null) =>
  new EntitySchema({
    name: 'Order',
    tableName: 'orders',
    columns: {
      id: { type: 'int', primary: true },
      ...(column === null ? {} : { big: { name: column, type: 'bigint', nullable: true } }),
    },
  });

class AddOrders1700000000001 extends SchemaMigration {
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('CREATE TABLE orders (id int PRIMARY KEY, big bigint)');
  }
  override async down(): Promise<void> {}
}

class DropBig1700000000002 extends SchemaMigration {
  static override readonly requires = ['big-v'];
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE orders DROP COLUMN big');
  }
  override async down(): Promise<void> {}
}

@Backfill({ name: 'big-v', entity: 'Order', where: 'big IS NULL', batchSize: 10 })
class FillBig {
  set() {
    return { big: '7' };
  }
}

@Backfill({ name: 'after-big-v', entity: 'Order', kind: 'purge', where: 'id < 0', dependsOn: ['big-v'] })
class AfterBig {}

describe('a backfill whose class was removed', () => {
  let database: TestDatabase;
  const open: TestApplication[] = [];
  beforeEach(async () => {
    database = await TestDatabase.create();
  });
  afterEach(async () => {
    for (const application of open.splice(0)) await application.stop();
    await database.drop();
  });

  async function start(
    options: Partial<Parameters<typeof TestApplication.start>[0]>,
  ): Promise<TestApplication> {
    const application = await TestApplication.start({
      database,
      entities: [entityWith('big')],
      backfills: [],
      synchronize: false,
      migrations: [AddOrders1700000000001, DropBig1700000000002],
      ...options,
    });
    open.push(application);
    return application;
  }
  const migrate = (application: TestApplication) => application.context.get(MigrationsService).run();
  const retired = { module: { retired: ['big-v'] }, entities: [entityWith(null)] };

  it('is refused as an unknown requirement unless the module lists it in `retired`', async () => {
    const report = await migrate(await start({ entities: [entityWith(null)] }));
    expect(report).toMatchObject({ outcome: 'failed' });
  });

  it('does not prevent a new database from migrating from nothing', async () => {
    const application = await start(retired);
    expect(await migrate(application)).toMatchObject({ outcome: 'done' });
    expect(await application.service.prove('big-v')).toEqual({ complete: true, status: 'complete' });
  });

  it('is met by the record of its last run, and is not reported as undeclared', async () => {
    await migrate(await start({ migrations: [AddOrders1700000000001], backfills: [FillBig] }));
    await database.query('INSERT INTO orders SELECT generate_series(1, 30)');
    await open[0]?.service.run();
    const later = await start(retired);
    expect(await migrate(later)).toMatchObject({ outcome: 'done' });
    expect((await later.service.status()).backfills).toEqual([]);
  });

  it('keeps a migration pending where it was never completed, and says which release to deploy', async () => {
    const first = await start({ migrations: [AddOrders1700000000001], backfills: [FillBig] });
    await migrate(first);
    await database.query('INSERT INTO orders SELECT generate_series(1, 30)');
    await first.service.run({ signal: AbortSignal.abort('a test') });
    const report = await migrate(await start(retired));
    expect(report).toMatchObject({ outcome: 'failed' });
    expect(JSON.stringify(report)).toContain('First deploy the last release that declares it');
    expect(await database.query('SELECT big FROM orders LIMIT 1')).toEqual([{ big: null }]);
  });

  it('does not keep the migrations of one schema pending for the records of another', async () => {
    const first = await start({ migrations: [AddOrders1700000000001], backfills: [FillBig] });
    await migrate(first);
    await database.query('INSERT INTO orders SELECT generate_series(1, 30); CREATE SCHEMA tenant_2');
    await first.service.run({ signal: AbortSignal.abort('a test') });
    expect(await (await start(retired)).service.prove('big-v')).toMatchObject({ complete: false });
    const ofTenant = await start({ ...retired, schema: 'tenant_2' });
    expect(await ofTenant.service.prove('big-v')).toMatchObject({ complete: true });
  });

  it('is no dependency of other backfills any more', async () => {
    const application = await start({
      ...retired,
      migrations: [AddOrders1700000000001],
      backfills: [AfterBig],
    });
    await migrate(application);
    expect(await application.service.run()).toMatchObject({ outcome: 'nothing-to-do' });
  });

  it('cannot be declared and retired at the same time', async () => {
    await expect(start({ ...retired, entities: [entityWith('big')], backfills: [FillBig] })).rejects.toThrow(
      RetiredBackfillError,
    );
  });
});

describe('a complete backfill whose column a later migration has dropped', () => {
  it.each([
    ['column', 'ALTER TABLE orders DROP COLUMN big', /the column "big" of .*orders.* does not exist/],
    ['table', 'DROP TABLE orders', /the table .*orders.* does not exist/],
  ])(
    'stays complete without its %s, does not fail a deployment, claims no new proof, and asks to remove the class',
    async (_part, drop, gone) => {
      const database = await TestDatabase.create();
      const application = await TestApplication.start({
        database,
        entities: [entityWith('big')],
        backfills: [FillBig],
      });
      try {
        await database.query('INSERT INTO orders SELECT generate_series(1, 30)');
        expect(await application.service.run()).toMatchObject({ outcome: 'complete' });
        await database.query(drop);
        const { outcome, backfills } = await application.service.run();
        expect(outcome).toBe('nothing-to-do');
        const [proved] = (await application.service.status()).backfills;
        expect(backfills[0]).toMatchObject({
          ...{ status: 'complete', updated: 0, remaining: 0, proved: false },
          unprovable: { provedAt: proved?.provedAt, problem: expect.stringMatching(gone) as unknown },
        });
        expect(backfills[0]?.reason).toContain(`Proved at ${proved?.provedAt}. It cannot be proved again`);
        expect(backfills[0]?.reason).toContain('Remove the class');
        const plan = await application.service.plan();
        expect(plan).toMatchObject({
          plan: [],
          unplanned: [
            { name: 'big-v', complete: true, reason: expect.stringContaining('Remove the class') as unknown },
          ],
        });
        expect(exitCodeOfInspection(plan, { strict: true })).toBe(0);
        expect(renderOneShotPlan(plan, 'short')).toContain(
          `big-v is complete: Proved at ${proved?.provedAt}`,
        );
        expect(await application.service.prove('big-v')).toMatchObject({
          complete: false,
          problem: expect.stringContaining('does not exist') as unknown,
          reason: expect.stringContaining('name it in `retired`') as unknown,
        });
        expect(proved).toMatchObject({
          status: 'complete',
          reason: expect.stringContaining('It cannot be proved again') as unknown,
        });
      } finally {
        await application.stop();
        await database.drop();
      }
    },
  );

  it.each([
    ['table', 'ALTER TABLE countries RENAME TO country', 'relation "countries" does not exist'],
    ['column', 'ALTER TABLE countries RENAME COLUMN code TO iso', 'column "code" does not exist'],
  ])('is not taken for done if it is another %s that `where` reads', async (_part, change, problem) => {
    @Backfill({
      name: 'big-of-countries',
      entity: 'Order',
      where: 'big IS NULL AND id IN (SELECT code FROM countries)',
    })
    class FillOfCountries extends FillBig {}
    const database = await TestDatabase.create();
    await database.query('CREATE TABLE countries AS SELECT generate_series(1, 100) AS code');
    const application = await TestApplication.start({
      database,
      entities: [entityWith('big')],
      backfills: [FillOfCountries],
    });
    try {
      await database.query('INSERT INTO orders SELECT generate_series(1, 30)');
      expect(await application.service.run()).toMatchObject({ outcome: 'complete' });
      await database.query('INSERT INTO orders SELECT generate_series(31, 60)');
      await database.query(change);
      const { outcome, backfills } = await application.service.run();
      expect(outcome).toBe('failed');
      expect(backfills).toMatchObject([
        {
          status: 'failed',
          proved: false,
          nothingToDo: false,
          reason: expect.stringContaining(problem) as unknown,
        },
      ]);
      expect((await application.service.status()).backfills[0]).toMatchObject({ status: 'complete' });
    } finally {
      await application.stop();
      await database.drop();
    }
  });
});
