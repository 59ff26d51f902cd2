import { runMigrations } from '../../../libs/backfill/src/migrations/run/migration.phase.ts';
import { MigrationStage } from '../../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();
/** Whether it rewrites the table depends on the column's type, which the guard reads from the catalog. */
const CHANGE_TYPE = 'ALTER TABLE leads ALTER COLUMN note TYPE text';

describe('a statement that fails, and that the migration handles with a savepoint', () => {
  it('is no refusal: the migration passes when its next attempt succeeds', async () => {
    const errors: string[] = [];
    const Up = migration('Up', {
      up: async (queryRunner) => {
        const failing = (sql: string) =>
          queryRunner.query(sql).catch((error: Error) => void errors.push(error.message));
        await queryRunner.query('SAVEPOINT attempt');
        await failing('ALTER TABLE leads ADD COLUMN note text');
        await failing(CHANGE_TYPE);
        await queryRunner.query('ROLLBACK TO SAVEPOINT attempt');
        await queryRunner.query(CHANGE_TYPE);
      },
    });
    const report = await withDataSource(postgresDataSource(stage.database, [Up]), (dataSource) =>
      runMigrations(dataSource, { log: stage.log }),
    );
    expect(errors).toEqual([
      'column "note" of relation "leads" already exists',
      'current transaction is aborted, commands ignored until end of transaction block',
    ]);
    expect(report).toMatchObject({ outcome: 'done', pending: [] });
  });
});
