import { Backfill, MigrationsService, SchemaMigration, type SetBackfill } from 'nestjs-backfill';
import { EntitySchema, IsNull, type MigrationInterface, type QueryRunner } from 'typeorm';
import { PhaseServices } from '../../libs/backfill/src/deploy/phase.services.ts';
import { readPlan, readStatus } from '../../libs/backfill/src/one-shot/inspection.ts';
import {
  renderOneShotPlan,
  renderOneShotStatus,
} from '../../libs/backfill/src/one-shot/output/text/report.renderer.ts';
import { TestApplication } from '../support/applications/application.ts';
import { TestDatabase } from '../support/server/database.ts';

interface Order {
  id: number;
  country: string;
  region: string | null;
}

const Order = new EntitySchema<Order>({
  name: 'Order',
  tableName: 'orders',
  columns: {
    id: { type: 'int', primary: true },
    country: { type: 'text' },
    region: { type: 'text', nullable: true },
  },
});

class AddRegion1700000000001 extends SchemaMigration {
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE orders ADD region text');
  }
  override async down(): Promise<void> {}
}

class AddRegions1700000000001 extends SchemaMigration {
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE orders ADD region text; CREATE TABLE regions (country text)');
  }
  override async down(): Promise<void> {}
}

class RequireRegion1700000000002 extends SchemaMigration {
  static override readonly requires = ['orders-region'];
  static override readonly onIncomplete: 'defer' | 'fail' = 'defer';
  override async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE orders ADD CONSTRAINT c CHECK (region IS NOT NULL) NOT VALID');
  }
  override async down(): Promise<void> {}
}

class FinishRegion1700000000002 extends RequireRegion1700000000002 {
  static override readonly finish = true;
}

@Backfill<Order>({ name: 'orders-region', entity: Order, where: { region: IsNull() } })
class FillRegion implements SetBackfill<Order> {
  set() {
    return { region: `'EU'` };
  }
}

@Backfill<Order>({
  name: 'orders-region',
  entity: Order,
  where: 'region IS NULL AND country NOT IN (SELECT country FROM regions)',
})
class FillOtherRegions extends FillRegion {}

@Backfill<Order>({ name: 'orders-country', entity: Order, where: `country <> upper(country)` })
class UpperCountry implements SetBackfill<Order> {
  set() {
    return { country: 'upper(country)' };
  }
}

const CONTRACT = RequireRegion1700000000002.name;
const EVERYTHING = {
  phases: ['migrate', 'indexes', 'backfill'],
  names: [],
  targets: [],
  tenants: [],
} as const;

describe('one release that adds a column to a table, fills it and requires it', () => {
  let database: TestDatabase;
  const open: TestApplication[] = [];
  beforeEach(async () => {
    database = await TestDatabase.create();
    await database.query('CREATE TABLE orders (id int PRIMARY KEY, country text)');
    await database.query(`INSERT INTO orders SELECT n, 'de' FROM generate_series(1, 20) AS n`);
  });
  afterEach(async () => {
    for (const each of open.splice(0)) await each.stop();
    await database.drop();
  });

  async function start(
    {
      expand = AddRegion1700000000001,
      contract = RequireRegion1700000000002,
      fill = FillRegion,
    }: {
      readonly expand?: new () => MigrationInterface;
      readonly contract?: new () => MigrationInterface;
      readonly fill?: new () => object;
    } = {},
    transaction: 'all' | 'each' = 'each',
  ) {
    const application = await TestApplication.start({
      database,
      entities: [Order],
      backfills: [fill, UpperCountry],
      migrations: [expand, contract],
      synchronize: false,
      module: { migrations: { transaction } },
    });
    open.push(application);
    const { context, service } = application;
    return {
      services: new PhaseServices(context, 'AppModule'),
      migrate: () => context.get(MigrationsService).run(),
      service,
    };
  }

  it.each(['all', 'each'] as const)(
    'adds the column, defers the contract migration, and runs it in the next deployment (transaction: %s)',
    async (transaction) => {
      const { migrate, service } = await start({}, transaction);
      expect(await migrate()).toMatchObject({
        outcome: 'deferred',
        dataSources: [{ ran: [{ name: AddRegion1700000000001.name }], deferred: { name: CONTRACT } }],
      });
      expect(await service.run()).toMatchObject({ outcome: 'complete' });
      expect(await migrate()).toMatchObject({
        outcome: 'done',
        dataSources: [{ ran: [{ name: CONTRACT }] }],
      });
    },
  );

  it.each(['all', 'each'] as const)(
    'adds the column, fills it and requires it at once if the contract migration finishes its backfill (transaction: %s)',
    async (transaction) => {
      const { migrate, service } = await start({ contract: FinishRegion1700000000002 }, transaction);
      expect(await migrate()).toMatchObject({ outcome: 'done', dataSources: [{ pending: [] }] });
      const { backfills } = await service.status({ names: ['orders-region'] });
      expect(backfills).toMatchObject([{ status: 'complete' }]);
    },
  );

  it.each([
    [
      'a column',
      { expand: AddRegion1700000000001, fill: FillRegion },
      'column this_row.region does not exist',
    ],
    ['a table', { expand: AddRegions1700000000001, fill: FillOtherRegions }, 'does not exist'],
  ])(
    'shows the other parts of status and plan while %s is missing, and says what is missing',
    async (_part, classes, problem) => {
      const { services } = await start(classes);
      const status = await readStatus(services, EVERYTHING, {});
      expect(status).toMatchObject({
        migrate: {
          dataSources: [
            {
              pending: [classes.expand.name, CONTRACT],
              waiting: [
                {
                  name: CONTRACT,
                  waitsFor: [
                    {
                      backfill: 'orders-region',
                      status: 'pending',
                      problem: expect.stringContaining(problem) as unknown,
                    },
                  ],
                },
              ],
            },
          ],
        },
        backfill: { backfills: [{ name: 'orders-region' }, { name: 'orders-country' }] },
      });
      expect(renderOneShotStatus(status)).toContain(`orders-region (pending, and its query cannot run now: `);
      const plan = await readPlan(services, EVERYTHING);
      expect(plan).toMatchObject({
        backfill: {
          plan: [{ name: 'orders-country', pending: 20 }],
          unplanned: [{ name: 'orders-region', reason: expect.stringContaining(problem) as unknown }],
        },
      });
      const text = renderOneShotPlan(plan, 'short');
      expect(text).toMatch(
        /orders-country \(version 1\)[^]*orders-region cannot be planned now: .*does not exist/,
      );
      expect(text).not.toMatch(/^\s+at /m);
    },
  );

  it('refuses a contract migration with the remedy where a name in `where` is wrong', async () => {
    class Required1700000000002 extends RequireRegion1700000000002 {
      static override readonly onIncomplete = 'fail' as const;
    }
    const { migrate } = await start({ contract: Required1700000000002, fill: FillOtherRegions });
    const report = await migrate();

    expect(report).toMatchObject({ outcome: 'failed' });
    expect(report.dataSources[0]?.failed?.error.message).toMatch(
      /orders-region: pending\. .*relation "regions" does not exist[^]*correct the SQL in `where`/,
    );
  });
});
