import { buildIndexes } from '../../libs/backfill/src/indexes/build/build-indexes.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { Backfill, type ProcessBackfill, type ProcessBatch } from 'nestjs-backfill';
import { IsNull, type DataSource, type EntityManager } from 'typeorm';
import { Job, JobLog, NoteJobs } from '../fixtures/jobs-app/jobs.mjs';
import { jobsStage } from '../support/applications/jobs.ts';
import { declaredIndex, IndexStage } from '../support/migrations/index-stage.ts';
import { migration, postgresDataSource } from '../support/migrations/migrations.ts';
import type { TestDatabase } from '../support/server/database.ts';

interface JobRow {
  id: string;
  note: string | null;
  doneAt: Date | null;
}

@Backfill<JobRow>({ name: 'slow-code', entity: Job, where: { doneAt: IsNull() }, reads: ['id'] })
class SlowCode implements ProcessBackfill<JobRow> {
  async process({ rows }: ProcessBatch<JobRow>, manager: EntityManager): Promise<void> {
    await manager.query('SELECT pg_sleep(2.5)');
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    await manager.query('UPDATE jobs SET done_at = now() WHERE id = ANY($1)', [rows.map(({ id }) => id)]);
  }
}

/** From PostgreSQL 17 on. */
const TRANSACTION = 'transaction_timeout = 2000';

function withSettings(database: TestDatabase, ...settings: readonly string[]): Promise<unknown> {
  return database.query(
    settings.map((setting) => `ALTER DATABASE ${database.name} SET ${setting}`).join(';'),
  );
}

describe('timeouts of a role or a database', () => {
  describe('that are shorter than a batch', () => {
    const stage = jobsStage(20, {
      entities: [Job, JobLog],
      backfills: [NoteJobs, SlowCode],
      before: (database: TestDatabase) =>
        withSettings(
          database,
          TRANSACTION,
          'statement_timeout = 2000',
          'idle_in_transaction_session_timeout = 2000',
          'idle_session_timeout = 2000',
        ),
    });

    it('end no batch, whose own timeouts apply', async () => {
      expect(await stage.run('slow-code')).toMatchObject({ status: 'complete', proved: true, updated: 20 });
      expect((await stage.status('slow-code')).status).toBe('complete');
    });
  });

  describe('transaction_timeout', () => {
    const stage = IndexStage.forEachTest();
    let dataSource: DataSource;
    beforeEach(async () => {
      await stage.database.query(`CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql
        AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN $1; END $$`);
      await withSettings(stage.database, TRANSACTION);
    });
    afterEach(() => dataSource.destroy());

    it('does not end the build of an index', async () => {
      dataSource = await stage.connect();
      const index = declaredIndex({ name: 'slow', columns: undefined, expression: 'slow(email)' } as never);
      expect(await buildIndexes(dataSource, [index], { log: stage.log })).toMatchObject({
        outcome: 'done',
        indexes: [{ status: 'built' }],
      });
      expect(await dataSource.query('SHOW transaction_timeout')).toEqual([{ transaction_timeout: '2s' }]);
    });

    it('ends a migration once, with an error that names the setting and says what to do', async () => {
      let attempts = 0;
      await stage.database.query(`ALTER TABLE leads ADD CONSTRAINT slow CHECK (slow(email) <> '') NOT VALID`);
      const Slow = migration('Slow', {
        up: async (queryRunner) => {
          attempts++;
          await queryRunner.query('ALTER TABLE leads VALIDATE CONSTRAINT slow');
        },
      });
      dataSource = await postgresDataSource(stage.database, [Slow]).initialize();
      const { failed } = await runMigrations(dataSource, { log: stage.log });
      expect(failed?.error.message).toMatch(
        /Slow\d* was rolled back: .*transaction_timeout.*\n.*SET LOCAL transaction_timeout = 0/,
      );
      expect(attempts).toBe(1);
    });
  });
});
