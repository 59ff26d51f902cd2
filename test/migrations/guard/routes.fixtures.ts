import pg from 'pg';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { ActiveLead, dataSourceOf, type GuardStage, poolOf } from '../../support/migrations/guard-stage.ts';

type Route = readonly [
  name: string,
  route: (queryRunner: QueryRunner, stage: GuardStage) => Promise<unknown>,
];

export const UPDATE = `UPDATE leads SET note = 'x'`;
const lead = { id: 1, note: 'x' };

const clientOf = async (queryRunner: QueryRunner) => (await queryRunner.connect()) as pg.Client;

const QUERY_RUNNER_ROUTES: readonly Route[] = [
  ['query()', (q) => q.query(UPDATE)],
  ['query() with parameters', (q) => q.query('UPDATE leads SET note = $1', ['x'])],
  ['query() with a structured result', (q) => q.query(UPDATE, [], true)],
  ['a query() that is not awaited', async (q) => void q.query(UPDATE).catch(() => undefined)],
  ['a query() whose error is caught and ignored', (q) => q.query(UPDATE).catch(() => 'ignored')],
  ['stream()', (q) => q.stream(`${UPDATE} RETURNING id`)],
  [
    'query() with a query configuration instead of a text',
    (q) => q.query({ text: UPDATE } as unknown as string),
  ],
  ['query() without a text', (q) => q.query(undefined as unknown as string)],
  ['clearTable()', (q) => q.clearTable('leads')],
  [
    'forEach() with an asynchronous function',
    async (q) => {
      const late: Promise<unknown>[] = [];
      [1, 2].forEach((id) =>
        late.push(q.query(`UPDATE leads SET note = 'x' WHERE id = ${id}`).catch(() => undefined)),
      );
    },
  ],
];

const MANAGER_ROUTES: readonly Route[] = [
  ['manager.query()', (q) => q.manager.query(UPDATE)],
  ['manager.update()', (q) => q.manager.update(ActiveLead, 1, { note: 'x' })],
  ['manager.update() with criteria', (q) => q.manager.update(ActiveLead, { id: 1 }, { note: 'x' })],
  ['manager.insert()', (q) => q.manager.insert(ActiveLead, { id: 90, note: 'x' })],
  ['manager.save()', (q) => q.manager.save(ActiveLead, lead)],
  ['manager.upsert()', (q) => q.manager.upsert(ActiveLead, lead, ['id'])],
  ['manager.delete()', (q) => q.manager.delete(ActiveLead, 1)],
  ['manager.remove()', async (q) => q.manager.remove(await q.manager.findOneByOrFail(ActiveLead, { id: 1 }))],
  ['manager.increment()', (q) => q.manager.increment(ActiveLead, { id: 1 }, 'id', 100)],
  ['manager.clear()', (q) => q.manager.clear(ActiveLead)],
  ['manager.transaction()', (q) => q.manager.transaction((m) => m.update(ActiveLead, 1, { note: 'x' }))],
  ['manager.getRepository()', (q) => q.manager.getRepository(ActiveLead).update(1, { note: 'x' })],
  ['repository.save()', (q) => q.manager.getRepository(ActiveLead).save(lead)],
  [
    'repository.manager',
    (q) => q.manager.getRepository(ActiveLead).manager.update(ActiveLead, 1, { note: 'x' }),
  ],
  ['repository.query()', (q) => q.manager.getRepository(ActiveLead).query(UPDATE)],
  [
    'repository.queryRunner',
    async (q) =>
      q.manager.getRepository(ActiveLead).queryRunner?.query(UPDATE) as Promise<unknown> | undefined,
  ],
  [
    'repository.metadata',
    async (q) => {
      const { dataSource, connection } = q.manager.getRepository(ActiveLead).metadata as unknown as Record<
        string,
        DataSource
      >;
      return (dataSource ?? connection)?.query<unknown>(UPDATE);
    },
  ],
  [
    'a custom repository',
    (q, { imported }) =>
      q.manager.withRepository(imported.getRepository(ActiveLead).extend({})).update(1, { note: 'x' }),
  ],
];

const QUERY_BUILDER_ROUTES: readonly Route[] = [
  [
    'createQueryBuilder().update()',
    (q) => q.manager.createQueryBuilder().update(ActiveLead).set({ note: 'x' }).execute(),
  ],
  [
    'createQueryBuilder().insert()',
    (q) => q.manager.createQueryBuilder().insert().into(ActiveLead).values({ id: 91 }).execute(),
  ],
  [
    'createQueryBuilder().delete()',
    (q) => q.manager.createQueryBuilder().delete().from(ActiveLead).execute(),
  ],
  [
    'a query builder of a repository',
    (q) => q.manager.getRepository(ActiveLead).createQueryBuilder().update().set({ note: 'x' }).execute(),
  ],
  [
    'a query builder with a table name',
    (q) => q.manager.createQueryBuilder().update('leads').set({ note: 'x' }).execute(),
  ],
];

const DATA_SOURCE_ROUTES: readonly Route[] = [
  [
    'manager.connection',
    (q) => (q.manager as unknown as { connection: DataSource }).connection.query(UPDATE),
  ],
  ['manager.dataSource', (q) => dataSourceOf(q.manager).query(UPDATE)],
  ['queryRunner.connection.query()', (q) => dataSourceOf(q).query(UPDATE)],
  ['dataSource.manager', (q) => dataSourceOf(q).manager.update(ActiveLead, 1, { note: 'x' })],
  ['dataSource.getRepository()', (q) => dataSourceOf(q).getRepository(ActiveLead).save(lead)],
  [
    'dataSource.createQueryBuilder()',
    (q) => dataSourceOf(q).createQueryBuilder().update(ActiveLead).set({ note: 'x' }).execute(),
  ],
  ['dataSource.transaction()', (q) => dataSourceOf(q).transaction((m: EntityManager) => m.query(UPDATE))],
  [
    'dataSource.createQueryRunner()',
    async (q) => {
      const other = dataSourceOf(q).createQueryRunner();
      try {
        return (await other.query(UPDATE)) as unknown;
      } finally {
        await other.release();
      }
    },
  ],
  ['another manager of the data source', (q) => dataSourceOf(q).createEntityManager().query(UPDATE)],
];

const DRIVER_ROUTES: readonly Route[] = [
  ['the pool of the driver', (q) => poolOf(dataSourceOf(q)).query(UPDATE)],
  [
    'a client of the pool',
    async (q) => {
      const client = await poolOf(dataSourceOf(q)).connect();
      try {
        return await client.query(UPDATE);
      } finally {
        client.release();
      }
    },
  ],
  ['the client that connect() returns', async (q) => (await clientOf(q)).query(UPDATE)],
  [
    'a client with a callback',
    async (q) => {
      const client = await clientOf(q);
      return new Promise((resolve, reject) =>
        client.query(UPDATE, (error: Error | null) => (error ? reject(error) : resolve(1))),
      );
    },
  ],
  [
    'a client with a query configuration',
    async (q) => (await clientOf(q)).query({ text: 'UPDATE leads SET note = $1', values: ['x'] }),
  ],
  [
    'a client with a query object',
    async (q) => void (await clientOf(q)).query(new pg.Query(UPDATE) as never),
  ],
  [
    'a client with a query object that has no text',
    async (q) => {
      const client = await clientOf(q);
      client.query({ submit: (connection: pg.Connection) => connection.query(UPDATE) } as never);
    },
  ],
];

/** Routes that do not use the query runner of the migration. */
const OTHER_CONNECTION_ROUTES: readonly Route[] = [
  ['an imported data source', (_, { imported }) => imported.query(UPDATE)],
  [
    'the manager of an imported data source',
    (_, { imported }) => imported.manager.update(ActiveLead, 1, { note: 'x' }),
  ],
  ['a static method of an ActiveRecord entity', (_, stage) => stage.activeRecord.update(1, { note: 'x' })],
  [
    'an instance of an ActiveRecord entity',
    (_, stage) => Object.assign(new stage.activeRecord(), lead).save(),
  ],
  [
    'a data source that the migration opens',
    async (_, stage) => {
      const own = await stage.connect();
      try {
        return await own.manager.update(ActiveLead, 1, { note: 'x' });
      } finally {
        await own.destroy();
      }
    },
  ],
  [
    'a client that the migration opens',
    async (_, { database }) => {
      const client = new pg.Client({ connectionString: database.url });
      await client.connect();
      try {
        return await client.query(UPDATE);
      } finally {
        await client.end();
      }
    },
  ],
  [
    'a DO block on another connection whose EXECUTE cannot be read',
    (_, { imported }) =>
      imported.query(
        `DO $$ DECLARE r record; BEGIN FOR r IN SELECT 'UPDATE leads SET note = 1' AS q LOOP EXECUTE r.q; END LOOP; END $$`,
      ),
  ],
  [
    'a pool that sends the query when other code returns a client',
    async (_, stage) => {
      const pool = stage.singleClientPool;
      const held = await stage.outside(() => pool.connect());
      const update = pool.query(UPDATE);
      stage.outside(() => held.release());
      return update;
    },
  ],
];

/** The ways in which the code of a migration can send a data change. */
export const ROUTES: readonly Route[] = [
  ...QUERY_RUNNER_ROUTES,
  ...MANAGER_ROUTES,
  ...QUERY_BUILDER_ROUTES,
  ...DATA_SOURCE_ROUTES,
  ...DRIVER_ROUTES,
  ...OTHER_CONNECTION_ROUTES,
];
