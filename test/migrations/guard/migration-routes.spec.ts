import { type QueryRunner, Table, TableColumn } from 'typeorm';
import { DataInMigrationError } from '../../../libs/backfill/src/migrations/migration.error.ts';
import { guardMigrations } from '../../../libs/backfill/src/migrations/migration.guarding.ts';
import { createGate } from '../../support/runs/gate.ts';
import { ActiveLead, GuardStage } from '../../support/migrations/guard-stage.ts';
import {
  migration,
  plainMigration,
  postgresDataSource,
  rejection,
} from '../../support/migrations/migrations.ts';
import { ROUTES, UPDATE } from './routes.fixtures.ts';

const stage = GuardStage.forFile();

describe('a migration', () => {
  describe.each([
    ['in a transaction', true],
    ['without a transaction', false],
  ])('%s', (_, inTransaction) => {
    it.each(ROUTES)('cannot change data through %s', async (_name, route) => {
      const Migration = migration('Route', { up: (queryRunner) => route(queryRunner, stage) });
      const error = await rejection(stage.run(Migration, { inTransaction }));
      expect(error).toBeInstanceOf(DataInMigrationError);
      expect(await stage.countNotes()).toBe(0);
    });
  });

  it('cannot change data in down()', async () => {
    const Migration = migration('Route', { down: UPDATE });
    const error = await rejection(stage.run(Migration, { direction: 'down' }));
    expect(error).toBeInstanceOf(DataInMigrationError);
    expect(await stage.countNotes()).toBe(0);
  });

  it('cannot send any statement after up() has returned', async () => {
    const opened = createGate();
    let late: Promise<unknown> = Promise.resolve();
    const Migration = migration('Late', {
      up: async (queryRunner) => {
        late = opened.promise.then(() => queryRunner.query('SELECT 1'));
      },
    });
    await stage.run(Migration);
    opened.resolve();
    const error = await rejection(late);
    expect(error).toBeInstanceOf(DataInMigrationError);
    expect((error as Error).message).toContain('rule: late');
  });

  it('cannot send any statement through another data source after up() has returned', async () => {
    const opened = createGate();
    let late: Promise<unknown> = Promise.resolve();
    const Migration = migration('Late', {
      up: async () => {
        late = opened.promise.then(() => stage.imported.query(UPDATE));
      },
    });
    await stage.run(Migration);
    opened.resolve();
    // TypeORM wraps the errors of its driver.
    expect(await rejection(late)).toMatchObject({ driverError: expect.any(DataInMigrationError) as unknown });
    expect(await stage.countNotes()).toBe(0);
  });

  it('that does not extend SchemaMigration cannot change data after guardMigrations()', async () => {
    const Plain = plainMigration('Plain', UPDATE);
    const dataSource = await postgresDataSource(stage.database, [Plain]).initialize();
    guardMigrations(dataSource);
    expect(await rejection(dataSource.runMigrations())).toBeInstanceOf(DataInMigrationError);
    await dataSource.destroy();
    expect(await stage.countNotes()).toBe(0);
  });
});

describe('while a migration runs, other code', () => {
  it('can change data', async () => {
    const started = createGate();
    const finish = createGate();
    const Migration = migration('Long', {
      up: async () => {
        started.resolve();
        await finish.promise;
      },
    });
    const running = stage.run(Migration);
    await started.promise;
    await stage.imported.query(`UPDATE leads SET note = NULL`);
    finish.resolve();
    await expect(running).resolves.toBeUndefined();
  });

  it('can change data on a client that the migration returns to the pool', async () => {
    const pool = stage.singleClientPool;
    const requested = createGate();
    const Migration = migration('Busy', {
      up: async () => {
        const client = await pool.connect();
        const update = stage.outside(
          () =>
            new Promise((resolve, reject) =>
              pool.query(`UPDATE leads SET note = NULL`, (error: Error | undefined) =>
                error ? reject(error) : resolve(1),
              ),
            ),
        );
        requested.resolve();
        client.release();
        await update;
      },
    });
    await expect(stage.run(Migration)).resolves.toBeUndefined();
    await requested.promise;
  });
});

describe('a migration can change the schema and read through', () => {
  it.each<[string, (queryRunner: QueryRunner) => Promise<unknown>]>([
    [
      'createTable()',
      (q) =>
        q.createTable(new Table({ name: 'fresh', columns: [{ name: 'id', type: 'int', isPrimary: true }] })),
    ],
    [
      'addColumn()',
      (q) => q.addColumn('leads', new TableColumn({ name: 'extra', type: 'text', isNullable: true })),
    ],
    [
      'addColumn() with a generated column, which TypeORM records in typeorm_metadata',
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
      'changeColumn()',
      async (q) => {
        await q.addColumn('leads', new TableColumn({ name: 'size', type: 'int', isNullable: true }));
        await q.changeColumn(
          'leads',
          'size',
          new TableColumn({ name: 'size', type: 'bigint', isNullable: true }),
        );
      },
    ],
    ['dropTable()', (q) => q.dropTable('leads')],
    ['a repository that reads', (q) => q.manager.getRepository(ActiveLead).find()],
  ])('%s', async (_name, route) => {
    await createMetadataTable();
    const work = stage.run(migration('Schema', { up: route, locks: 'off' }), { rollback: true });
    await expect(work).resolves.toBeUndefined();
  });

  it('stream()', async () => {
    await createMetadataTable();
    const Migration = migration('Schema', { up: async (q) => q.stream('SELECT * FROM leads') });
    // pg-query-stream is not installed, so TypeORM throws its own error after the guard allowed the statement.
    const error = await rejection(stage.run(Migration, { rollback: true }));
    expect(error).not.toBeInstanceOf(DataInMigrationError);
  });

  async function createMetadataTable(): Promise<void> {
    await stage.database.query(
      `CREATE TABLE IF NOT EXISTS typeorm_metadata (type text NOT NULL, database text, schema text, "table" text, name text, value text)`,
    );
  }
});
