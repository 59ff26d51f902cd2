import { AsyncResource } from 'node:async_hooks';
import pg from 'pg';
import {
  BaseEntity,
  Column,
  DataSource,
  Entity,
  type EntityManager,
  PrimaryColumn,
  type QueryRunner,
  Table,
  TableColumn,
} from 'typeorm';
import { DataInMigrationError } from '../../../libs/backfill/src/migrations/migration.error.ts';
import { TestDatabase } from '../../support/database.ts';
import { createGate } from '../../support/gate.ts';
import { migration, plainMigration, postgresDataSource, rejection } from '../../support/migrations.ts';
import { guardMigrations } from '../../../libs/backfill/src/migrations/migration.guarding.ts';

@Entity('leads')
class Lead extends BaseEntity {
  @PrimaryColumn()
  id!: number;

  @Column({ type: 'text', nullable: true })
  note!: string | null;
}

let database: TestDatabase;
let dataSource: DataSource;
/** Another data source of the same process, as a module's `export const AppDataSource`. */
let imported: DataSource;
/** One whose pool has a single client. */
let busy: DataSource;
/** What does not run inside a migration. */
const elsewhere = new AsyncResource('elsewhere');
beforeAll(async () => {
  database = await TestDatabase.create();
  await database.query(`CREATE TABLE leads (id int PRIMARY KEY, note text)`);
  await database.query(`INSERT INTO leads SELECT n FROM generate_series(1, 5) n`);
  dataSource = await postgresDataSource(database, [], { entities: [Lead] }).initialize();
  imported = await postgresDataSource(database, [], { entities: [Lead] }).initialize();
  busy = await postgresDataSource(database, [], { extra: { max: 1 } }).initialize();
  Lead.useDataSource(imported);
});
afterAll(async () => {
  await dataSource.destroy();
  await imported.destroy();
  await busy.destroy();
  await database.drop();
});

const UPDATE = `UPDATE leads SET note = 'x'`;
const lead = { id: 1, note: 'x' };

/** The entity as ActiveRecord: bound to a data source of its own, and bound anew by whichever is opened next. */
function active(): typeof Lead {
  Lead.useDataSource(imported);
  return Lead;
}

/** Whatever hangs on an older or newer TypeORM's query runner. */
function sourceOf(queryRunner: QueryRunner): DataSource {
  const { dataSource: now, connection: before } = queryRunner as unknown as Record<string, DataSource>;
  return (now ?? before) as DataSource;
}

const ROUTES: readonly (readonly [name: string, route: (queryRunner: QueryRunner) => Promise<unknown>])[] = [
  ['query', (q) => q.query(UPDATE)],
  ['query with parameters', (q) => q.query('UPDATE leads SET note = $1', ['x'])],
  ['query for a structured result', (q) => q.query(UPDATE, [], true)],
  ['query that nobody awaits', async (q) => void q.query(UPDATE).catch(() => undefined)],
  ['query whose refusal is swallowed', (q) => q.query(UPDATE).catch(() => 'never mind')],
  ['stream', (q) => q.stream(`${UPDATE} RETURNING id`)],
  ['manager.query', (q) => q.manager.query(UPDATE)],
  ['manager.update', (q) => q.manager.update(Lead, 1, { note: 'x' })],
  ['manager.update by criteria', (q) => q.manager.update(Lead, { id: 1 }, { note: 'x' })],
  ['manager.insert', (q) => q.manager.insert(Lead, { id: 90, note: 'x' })],
  ['manager.save', (q) => q.manager.save(Lead, lead)],
  ['manager.upsert', (q) => q.manager.upsert(Lead, lead, ['id'])],
  ['manager.delete', (q) => q.manager.delete(Lead, 1)],
  ['manager.remove', async (q) => q.manager.remove(await q.manager.findOneByOrFail(Lead, { id: 1 }))],
  ['manager.increment', (q) => q.manager.increment(Lead, { id: 1 }, 'id', 100)],
  ['manager.clear', (q) => q.manager.clear(Lead)],
  ['manager.transaction', (q) => q.manager.transaction((m) => m.update(Lead, 1, { note: 'x' }))],
  ['manager.getRepository', (q) => q.manager.getRepository(Lead).update(1, { note: 'x' })],
  ['repository.save', (q) => q.manager.getRepository(Lead).save(lead)],
  ['repository.manager', (q) => q.manager.getRepository(Lead).manager.update(Lead, 1, { note: 'x' })],
  ['repository.query', (q) => q.manager.getRepository(Lead).query(UPDATE)],
  [
    'repository.queryRunner',
    async (q) => q.manager.getRepository(Lead).queryRunner?.query(UPDATE) as Promise<unknown> | undefined,
  ],
  [
    'repository.metadata',
    async (q) => {
      const { dataSource: own, connection } = q.manager.getRepository(Lead).metadata as unknown as Record<
        string,
        DataSource
      >;
      return (own ?? connection)?.query<unknown>(UPDATE);
    },
  ],
  [
    'a custom repository',
    (q) => q.manager.withRepository(imported.getRepository(Lead).extend({})).update(1, { note: 'x' }),
  ],
  [
    'createQueryBuilder().update',
    (q) => q.manager.createQueryBuilder().update(Lead).set({ note: 'x' }).execute(),
  ],
  [
    'createQueryBuilder().insert',
    (q) => q.manager.createQueryBuilder().insert().into(Lead).values({ id: 91 }).execute(),
  ],
  ['createQueryBuilder().delete', (q) => q.manager.createQueryBuilder().delete().from(Lead).execute()],
  [
    'a query builder of the repository',
    (q) => q.manager.getRepository(Lead).createQueryBuilder().update().set({ note: 'x' }).execute(),
  ],
  [
    'a query builder by table name',
    (q) => q.manager.createQueryBuilder().update('leads').set({ note: 'x' }).execute(),
  ],
  [
    'manager.connection',
    (q) => (q.manager as unknown as { connection: DataSource }).connection.query(UPDATE),
  ],
  ['manager.dataSource', (q) => sourceOf(q.manager as unknown as QueryRunner).query(UPDATE)],
  ['queryRunner.connection.query', (q) => sourceOf(q).query(UPDATE)],
  ['dataSource.manager', (q) => sourceOf(q).manager.update(Lead, 1, { note: 'x' })],
  ['dataSource.getRepository', (q) => sourceOf(q).getRepository(Lead).save(lead)],
  [
    'dataSource.createQueryBuilder',
    (q) => sourceOf(q).createQueryBuilder().update(Lead).set({ note: 'x' }).execute(),
  ],
  ['dataSource.transaction', (q) => sourceOf(q).transaction((m: EntityManager) => m.query(UPDATE))],
  [
    'dataSource.createQueryRunner',
    async (q) => {
      const other = sourceOf(q).createQueryRunner();
      try {
        return (await other.query(UPDATE)) as unknown;
      } finally {
        await other.release();
      }
    },
  ],
  ['another manager on the data source', (q) => sourceOf(q).createEntityManager().query(UPDATE)],
  ['the driver’s pool', (q) => (sourceOf(q).driver as unknown as { master: pg.Pool }).master.query(UPDATE)],
  [
    'a client of the driver’s pool',
    async (q) => {
      const client = await (sourceOf(q).driver as unknown as { master: pg.Pool }).master.connect();
      try {
        return await client.query(UPDATE);
      } finally {
        client.release();
      }
    },
  ],
  ['the client that connect() gives', async (q) => ((await q.connect()) as pg.Client).query(UPDATE)],
  [
    'a client’s callback',
    async (q) => {
      const client = (await q.connect()) as pg.Client;
      return new Promise((resolve, reject) =>
        client.query(UPDATE, (error: Error | null) => (error ? reject(error) : resolve(1))),
      );
    },
  ],
  [
    'a query configuration',
    async (q) =>
      ((await q.connect()) as pg.Client).query({ text: 'UPDATE leads SET note = $1', values: ['x'] }),
  ],
  [
    'a query object',
    async (q) => void ((await q.connect()) as pg.Client).query(new pg.Query(UPDATE) as never),
  ],
  ['an imported data source', () => imported.query(UPDATE)],
  ['an imported data source’s manager', () => imported.manager.update(Lead, 1, { note: 'x' })],
  ['ActiveRecord: static', () => active().update(1, { note: 'x' })],
  ['ActiveRecord: instance', () => Object.assign(new (active())(), lead).save()],
  [
    'a data source opened by the migration',
    async () => {
      const own = await postgresDataSource(database, [], { entities: [Lead] }).initialize();
      try {
        return await own.manager.update(Lead, 1, { note: 'x' });
      } finally {
        await own.destroy();
      }
    },
  ],
  [
    'a client opened by the migration',
    async () => {
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
    'what cannot be read, on another connection',
    () =>
      imported.query(
        `DO $$ DECLARE r record; BEGIN FOR r IN SELECT 'UPDATE leads SET note = 1' AS q LOOP EXECUTE r.q; END LOOP; END $$`,
      ),
  ],
  [
    'a query object that tells no text',
    async (q) => {
      const client = (await q.connect()) as pg.Client;
      client.query({ submit: (connection: pg.Connection) => connection.query(UPDATE) } as never);
    },
  ],
  ['a query configuration in place of a text', (q) => q.query({ text: UPDATE } as unknown as string)],
  ['nothing in place of a text', (q) => q.query(undefined as unknown as string)],
  [
    'a pool that calls back when somebody else gives a client back',
    async () => {
      const own = (busy.driver as unknown as { master: pg.Pool }).master;
      const held = await elsewhere.runInAsyncScope(() => own.connect());
      const update = own.query(UPDATE);
      elsewhere.runInAsyncScope(() => held.release());
      return update;
    },
  ],
  ['clearTable', (q) => q.clearTable('leads')],
  [
    'forEach(async …)',
    async (q) => {
      const late: Promise<unknown>[] = [];
      [1, 2].forEach((id) =>
        late.push(q.query(`UPDATE leads SET note = 'x' WHERE id = ${id}`).catch(() => undefined)),
      );
    },
  ],
];

describe.each([true, false])('inside of a transaction: %s,', (transaction) => {
  it.each(ROUTES)('rows are out of reach by %s', async (_name, route) => {
    const Migration = migration('Route', { up: route });
    const error = await rejection(run(Migration, 'up', transaction));
    expect(error).toBeInstanceOf(DataInMigrationError);
    expect(await notes()).toBe(0);
  });
});

it('rows are as much out of reach in down()', async () => {
  const Migration = migration('Route', { down: UPDATE });
  expect(await rejection(run(Migration, 'down', true))).toBeInstanceOf(DataInMigrationError);
  expect(await notes()).toBe(0);
});

it('a promise that comes back after up() has ended is refused, whatever it sends', async () => {
  const opened = createGate();
  let late: Promise<unknown> = Promise.resolve();
  const Migration = migration('Late', {
    up: async (queryRunner) => {
      late = opened.promise.then(() => queryRunner.query('SELECT 1'));
    },
  });
  await run(Migration, 'up', true);
  opened.resolve();
  const error = await rejection(late);
  expect(error).toBeInstanceOf(DataInMigrationError);
  expect((error as Error).message).toContain('rule: late');
});

it('a promise that comes back late by way of another data source is refused too', async () => {
  const opened = createGate();
  let late: Promise<unknown> = Promise.resolve();
  const Migration = migration('Late', {
    up: async () => {
      late = opened.promise.then(() => imported.query(UPDATE));
    },
  });
  await run(Migration, 'up', true);
  opened.resolve();
  // TypeORM wraps what its driver throws.
  expect(await rejection(late)).toMatchObject({ driverError: expect.any(DataInMigrationError) as unknown });
  expect(await notes()).toBe(0);
});

it('everybody else’s queries pass while a migration runs', async () => {
  const started = createGate();
  const finish = createGate();
  const Migration = migration('Long', {
    up: async () => {
      started.resolve();
      await finish.promise;
    },
  });
  const running = run(Migration, 'up', true);
  await started.promise;
  await imported.query(`UPDATE leads SET note = NULL`);
  finish.resolve();
  await expect(running).resolves.toBeUndefined();
});

it('everybody else’s queries pass on a client that a migration gives back', async () => {
  const pool = (busy.driver as unknown as { master: pg.Pool }).master;
  const asked = createGate();
  const Migration = migration('Busy', {
    up: async () => {
      const client = await pool.connect();
      const update = elsewhere.runInAsyncScope(
        () =>
          new Promise((resolve, reject) =>
            pool.query(`UPDATE leads SET note = NULL`, (error: Error | undefined) =>
              error ? reject(error) : resolve(1),
            ),
          ),
      );
      asked.resolve();
      client.release();
      await update;
    },
  });
  await expect(run(Migration, 'up', true)).resolves.toBeUndefined();
  await asked.promise;
});

describe('schema changes pass, also by TypeORM’s own methods:', () => {
  it.each<[string, (queryRunner: QueryRunner) => Promise<unknown>]>([
    [
      'createTable',
      (q) =>
        q.createTable(new Table({ name: 'fresh', columns: [{ name: 'id', type: 'int', isPrimary: true }] })),
    ],
    [
      'addColumn',
      (q) => q.addColumn('leads', new TableColumn({ name: 'extra', type: 'text', isNullable: true })),
    ],
    [
      'a generated column, which TypeORM notes in typeorm_metadata',
      async (q) => {
        await q.addColumn(
          'leads',
          new TableColumn({
            name: 'twice',
            type: 'int',
            generatedType: 'STORED',
            asExpression: 'id * 2',
            isNullable: true,
          }),
        );
      },
    ],
    [
      'changeColumn',
      async (q) => {
        await q.addColumn('leads', new TableColumn({ name: 'size', type: 'int', isNullable: true }));
        await q.changeColumn(
          'leads',
          'size',
          new TableColumn({ name: 'size', type: 'bigint', isNullable: true }),
        );
      },
    ],
    ['dropTable', (q) => q.dropTable('leads')],
    ['reads by a repository', (q) => q.manager.getRepository(Lead).find()],
    ['a stream of reads', async (q) => q.stream('SELECT * FROM leads')],
  ])('%s', async (name, route) => {
    await database.query(
      `CREATE TABLE IF NOT EXISTS typeorm_metadata (type text NOT NULL, database text, schema text, "table" text, name text, value text)`,
    );
    const Migration = migration('Schema', { up: route });
    const work = run(Migration, 'up', true, false);
    // pg-query-stream is not installed here: TypeORM says so itself, behind the guard.
    if (name.startsWith('a stream')) expect(await rejection(work)).not.toBeInstanceOf(DataInMigrationError);
    else await expect(work).resolves.toBeUndefined();
  });
});

it('guardMigrations() puts the same guard before migrations that do not extend the class', async () => {
  const Plain = plainMigration('Plain', UPDATE);
  const own = await postgresDataSource(database, [Plain]).initialize();
  guardMigrations(own);
  expect(await rejection(own.runMigrations())).toBeInstanceOf(DataInMigrationError);
  await own.destroy();
  expect(await notes()).toBe(0);
});

type MigrationClass = ReturnType<typeof migration>;

/** As TypeORM runs it, in a transaction or out of one. */
async function run(
  Migration: MigrationClass,
  direction: 'up' | 'down',
  transaction: boolean,
  keep = true,
): Promise<void> {
  const queryRunner = dataSource.createQueryRunner();
  try {
    if (transaction) await queryRunner.startTransaction();
    await new Migration()[direction](queryRunner);
    if (transaction && keep) await queryRunner.commitTransaction();
  } finally {
    if (queryRunner.isTransactionActive) await queryRunner.rollbackTransaction();
    await queryRunner.release();
  }
}

async function notes(): Promise<number> {
  const [row] = await database.query<{ n: number }>('SELECT count(note)::int AS n FROM leads');
  return row?.n ?? -1;
}
