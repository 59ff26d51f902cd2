import type { DataSource } from 'typeorm';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { addForeignKey, setNotNull } from '../../libs/backfill/src/migrations/steps/safe-steps.ts';
import { MigrationStage, UPDATE } from '../support/migrations/migration-stage.ts';
import { migration, postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';

const stage = MigrationStage.forEachTest();

describe('safe steps', () => {
  it('set NOT NULL and add a foreign key in committed steps that can be repeated after a failure', async () => {
    await stage.database.query('CREATE TABLE calls (id int PRIMARY KEY, lead_id int)');
    await stage.database.query('INSERT INTO calls VALUES (1, 999)');
    const Up = migration('Safe', {
      transaction: false,
      up: async (queryRunner) => {
        await setNotNull(queryRunner, 'public.leads', 'note');
        await addForeignKey(queryRunner, {
          table: 'calls',
          columns: ['lead_id'],
          references: 'leads',
          onDelete: 'CASCADE',
        });
      },
    });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource: DataSource) => {
      expect(await runMigrations(dataSource, { log: stage.log })).toMatchObject({ outcome: 'failed' });
      await stage.database.query(UPDATE);
      expect(await runMigrations(dataSource, { log: stage.log })).toMatchObject({ outcome: 'failed' });
      await stage.database.query('DELETE FROM calls');
      expect(await runMigrations(dataSource, { log: stage.log })).toMatchObject({ outcome: 'done' });
    });
    const constraints = await stage.database.query(
      `SELECT conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'f') AND convalidated`,
    );
    expect(constraints).toEqual([{ conname: 'calls_lead_id_fkey' }]);
    const warnings = stage.lines.filter((line) => line.startsWith('No index of "calls" starts with lead_id'));
    expect(warnings).not.toEqual([]);
  });

  it('are refused inside a transaction', async () => {
    const Up = migration('Safe', { up: (queryRunner) => setNotNull(queryRunner, 'leads', 'note') });
    await withDataSource(postgresDataSource(stage.database, [Up]), async (dataSource) => {
      expect((await runMigrations(dataSource, { log: stage.log })).failed?.error.message).toContain(
        'transaction = false',
      );
    });
  });
});
