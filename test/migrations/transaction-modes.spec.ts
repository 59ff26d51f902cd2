import {
  DataInMigrationError,
  RowsWrittenError,
} from '../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { ADD_COLUMN, hidden, MigrationStage, UPDATE } from '../support/migrations/migration-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

describe.each(['all', 'each', 'none'] as const)('in TypeORM’s transaction mode %s', (transaction) => {
  it('schema changes run and are recorded', async () => {
    const Up = migration('Up', { up: ADD_COLUMN, down: `ALTER TABLE leads DROP COLUMN extra` });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      expect(await dataSource.runMigrations({ transaction })).toHaveLength(1);
      expect(await stage.columns()).toContain('extra');
      await dataSource.undoLastMigration({ transaction });
      expect(await stage.columns()).not.toContain('extra');
    });
  });

  it('a data change is refused before it is sent, and the migration is not recorded', async () => {
    const Up = migration('Up', { up: UPDATE });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      expect(await rejection(dataSource.runMigrations({ transaction }))).toBeInstanceOf(DataInMigrationError);
      expect(await dataSource.showMigrations()).toBe(true);
    });
    expect(await stage.notes()).toBe(0);
  });

  it('rows written by SQL that cannot be read are found by PostgreSQL’s counters and rolled back', async () => {
    const Up = migration('Up', { up: hidden(UPDATE) });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const error = await rejection(dataSource.runMigrations({ transaction }));
      expect(error).toBeInstanceOf(RowsWrittenError);
      expect((error as RowsWrittenError).written).toEqual([
        { table: 'public.leads', inserted: 0, updated: 5, deleted: 0, truncated: false },
      ]);
    });
    expect(await stage.notes()).toBe(0);
  });

  it('a TRUNCATE by SQL that cannot be read is found and rolled back', async () => {
    const Up = migration('Up', { up: hidden('TRUNCATE leads') });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const error = await rejection(dataSource.runMigrations({ transaction }));
      expect(error).toBeInstanceOf(RowsWrittenError);
      expect((error as Error).message).toContain('public.leads (truncated)');
    });
    expect(await stage.count('leads')).toBe(5);
  });

  it('SQL that cannot be read passes if it changes only the schema', async () => {
    const Up = migration('Up', { up: hidden(ADD_COLUMN) });
    await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
      dataSource.runMigrations({ transaction }),
    );
    expect(await stage.columns()).toContain('extra');
  });
});

it('`migrationsRun: true` runs guarded migrations too', async () => {
  const Up = migration('Up', { up: UPDATE });
  expect(
    await rejection(postgresDataSource(stage.database, [Up], { migrationsRun: true }).initialize()),
  ).toBeInstanceOf(DataInMigrationError);
});

it('one transaction for all is committed before a migration that declares `transaction = false`', async () => {
  const First = migration('First', { up: ADD_COLUMN });
  const Alone = migration('Alone', {
    up: 'CREATE INDEX CONCURRENTLY leads_note ON leads (note)',
    transaction: false,
  });
  const Next = migration('Next', { up: 'CREATE TABLE next (id int)' });
  const Failing = migration('Failing', { up: 'ALTER TABLE nothing ADD COLUMN x int' });
  await withDataSource(
    postgresDataSource(stage.database, [First, Alone, Next, Failing]),
    async (dataSource) => {
      const report = await runMigrations(dataSource, { log: stage.log, transaction: 'all' });
      expect(report.ran.map(({ name }) => name)).toEqual([First.name, Alone.name]);
      expect(report.pending).toEqual([Next.name, Failing.name]);
    },
  );
  expect(await stage.columns()).toContain('extra');
  expect(await stage.count(`pg_class WHERE relname IN ('leads_note', 'next')`)).toBe(1);
});

describe('a migration without a transaction', () => {
  it('reports the committed statements when a later one is refused', async () => {
    const Up = migration('Up', {
      transaction: false,
      up: async (queryRunner) => {
        await queryRunner.query('SELECT 1 AS reads_only');
        await queryRunner.query(`SET application_name = 'session only'`);
        await queryRunner.query(ADD_COLUMN);
        await queryRunner.query(UPDATE);
      },
    });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const { message } = (await rejection(dataSource.runMigrations({ transaction: 'each' }))) as Error;
      const [, committed] = message.split('Already committed and not undone:\n');
      expect(committed).toContain(ADD_COLUMN);
      expect(committed).not.toMatch(/reads_only|session only/);
    });
    expect(await stage.columns()).toContain('extra');
  });

  it('may build an index concurrently', async () => {
    const Up = migration('Up', {
      transaction: false,
      up: 'CREATE INDEX CONCURRENTLY leads_note ON leads (note)',
    });
    await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
      dataSource.runMigrations({ transaction: 'each' }),
    );
    expect(await stage.database.query(`SELECT FROM pg_indexes WHERE indexname = 'leads_note'`)).toHaveLength(
      1,
    );
  });

  it('must not commit inside SQL that cannot be read', async () => {
    const Up = migration('Up', {
      transaction: false,
      up: `DO $$ DECLARE r record; BEGIN FOR r IN SELECT 'SELECT 1' AS q LOOP EXECUTE r.q; COMMIT; END LOOP; END $$`,
    });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      const error = await rejection(dataSource.runMigrations({ transaction: 'each' }));
      expect((error as Error).message).toContain('commits by itself and cannot be read');
    });
  });
});
