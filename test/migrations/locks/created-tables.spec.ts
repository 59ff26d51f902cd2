import { DangerousLockError } from '../../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../../libs/backfill/src/migrations/run/migration.phase.ts';
import { MigrationStage } from '../../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();
const CREATE = 'CREATE TABLE fresh (id int)';
/** Releases that run fail when they read the old name. */
const RENAME = 'ALTER TABLE fresh RENAME TO renamed';

describe('a table that an earlier migration has created', () => {
  it('is not in use yet if both run in one run, so that it may be renamed', async () => {
    const migrations = [migration('Create', { up: CREATE }), migration('Rename', { up: RENAME })];
    const report = await withDataSource(postgresDataSource(stage.database, migrations), (dataSource) =>
      runMigrations(dataSource, { log: stage.log }),
    );
    expect(report).toMatchObject({ outcome: 'done', pending: [] });
  });

  it('may be in use in a later run, also of the same process', async () => {
    let isInterrupted = true;
    const Create = migration('Create', { up: CREATE });
    const Rename = migration('Rename', {
      up: async (queryRunner) => {
        if (isInterrupted) throw new Error('the deployment is interrupted');
        await queryRunner.query(RENAME);
      },
    });
    const migrations = [Create, Rename];
    const each = { migrationsTransactionMode: 'each' } as const;
    await withDataSource(postgresDataSource(stage.database, migrations, each), async (dataSource) => {
      const options = { log: stage.log };
      const first = await runMigrations(dataSource, options);
      expect(first.failed?.error.message).toContain('the deployment is interrupted');
      expect(await stage.count(`pg_class WHERE relname = 'fresh'`)).toBe(1);
      isInterrupted = false;
      const second = await runMigrations(dataSource, options);
      expect(second.failed?.error).toBeInstanceOf(DangerousLockError);
    });
  });
});
