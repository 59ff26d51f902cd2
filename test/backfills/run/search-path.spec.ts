import { Backfill, BackfillThrottle, type SetBackfill, type ThrottleCheck } from 'nestjs-backfill';
import { IsNull } from 'typeorm';
import { TestApplication } from '../../support/applications/application.ts';
import { TestDatabase } from '../../support/server/database.ts';
import { Contact, Lead, LEAD_TABLES } from '../../support/tables/lead-tables.ts';

class Names implements SetBackfill<Lead> {
  set() {
    return { searchName: 'lower(name)' };
  }
}
@Backfill<Lead>({
  name: 'in-key-order',
  entity: Lead,
  where: { searchName: IsNull() },
  order: 'key',
  batchSize: 5,
})
class InKeyOrder extends Names {}
@Backfill<Lead>({
  name: 'in-page-order',
  entity: Lead,
  where: { searchName: IsNull() },
  order: 'page',
  batchSize: 5,
})
class InPageOrder extends Names {}
@Backfill<Lead>({ name: 'copied', entity: Lead, into: Contact, conflict: ['leadId'], batchSize: 5 })
class Copied {
  copy() {
    return { leadId: '"this_row"."id"', label: '"this_row"."name"' };
  }
}

/** The run asks it after it has found its tables, and before its first batch. */
const beforeFirstBatch = { act: async () => {} };

@BackfillThrottle({ name: 'before the first batch' })
class BeforeFirstBatch implements ThrottleCheck {
  async check() {
    const { act } = beforeFirstBatch;
    beforeFirstBatch.act = async () => {};
    await act();
    return null;
  }
}

const KINDS = ['in-key-order', 'in-page-order', 'copied'] as const;

/** The server closes the connections, and the new ones have the other path. */
async function moveTo(database: TestDatabase, schema: string): Promise<void> {
  await database.query(`ALTER DATABASE ${database.name} SET search_path = ${schema}`);
  await database.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`,
  );
}

describe('a `search_path` that changes during a run', () => {
  let database: TestDatabase;
  let application: TestApplication;
  beforeEach(async () => {
    database = await TestDatabase.create();
    for (const schema of ['tenant_2', 'tenant_1']) {
      await database.query(`CREATE SCHEMA ${schema}`);
      await database.query(`ALTER DATABASE ${database.name} SET search_path = ${schema}`);
      const made = await TestApplication.start({ database, entities: LEAD_TABLES, backfills: [] });
      await made.stop();
      await database.query(
        `INSERT INTO ${schema}.leads (name) SELECT 'Lead ' || i FROM generate_series(1, 40) AS i`,
      );
    }
    application = await TestApplication.start({
      database,
      entities: LEAD_TABLES,
      backfills: [InKeyOrder, InPageOrder, Copied],
      providers: [BeforeFirstBatch],
      module: { defaults: { pause: 0, workers: 2 } },
      poolSize: 4,
      synchronize: false,
    });
  });
  afterEach(async () => {
    await application.stop();
    await database.drop();
  });

  it.each(KINDS)(
    'between the start and the first batch changes no row of another schema: %s',
    async (name) => {
      beforeFirstBatch.act = () => moveTo(database, 'tenant_2');
      const { backfills } = await application.service.run({ names: [name] });
      expect(backfills[0]).toMatchObject({ status: 'complete', target: 'tenant_1.leads', updated: 40 });
      expect(await database.query('SELECT FROM tenant_2.leads WHERE search_name IS NOT NULL')).toEqual([]);
      expect(await database.query('SELECT FROM tenant_2.contacts')).toEqual([]);
    },
  );

  it.each(KINDS)(
    'or that differs between the connections of the pool changes no row of another schema: %s',
    async (name) => {
      let isMoved = false;
      const move = () => {
        isMoved = true;
        return moveTo(database, 'tenant_2');
      };
      let moving: Promise<void> | undefined;
      const { backfills } = await application.service.run({
        names: [name],
        stopWhen: () => {
          if (!isMoved) moving = move();
          return null;
        },
      });
      await moving;
      expect(isMoved).toBe(true);
      expect(backfills[0]).toMatchObject({ status: 'complete', target: 'tenant_1.leads', updated: 40 });
      const left =
        name === 'copied'
          ? 'leads WHERE id NOT IN (SELECT lead_id FROM tenant_1.contacts)'
          : 'leads WHERE search_name IS NULL';
      expect(await database.query(`SELECT FROM tenant_1.${left}`)).toEqual([]);
      expect(await database.query('SELECT FROM tenant_2.leads WHERE search_name IS NOT NULL')).toEqual([]);
      expect(await database.query('SELECT FROM tenant_2.contacts')).toEqual([]);
    },
  );
});

describe('a pool with fewer connections than workers', () => {
  it.each([1, 2])(
    '(%d) completes the run with those that it gets, and says at its start what is missing',
    async (poolSize) => {
      const database = await TestDatabase.create();
      const application = await TestApplication.start({
        database,
        entities: LEAD_TABLES,
        backfills: [InKeyOrder],
        module: { defaults: { pause: 0, workers: 4, maxWorkers: 4 } },
        poolSize,
      });
      try {
        await database.query(
          `INSERT INTO leads (name) SELECT 'Lead ' || i FROM generate_series(1, 400) AS i`,
        );
        const lines: string[] = [];
        const { backfills } = await application.service.run({
          observer: { noted: ({ message }) => void lines.push(message) },
        });
        expect(backfills[0]).toMatchObject({ status: 'complete', updated: 400 });
        expect(lines.filter((line) => /connection/.test(line) && /workers/.test(line))).toHaveLength(1);
        expect(lines.filter((line) => /lost/.test(line))).toEqual([]);
      } finally {
        await application.stop();
        await database.drop();
      }
    },
  );
});
