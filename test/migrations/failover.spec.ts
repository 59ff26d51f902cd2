import { DataSource, EntitySchema } from 'typeorm';
import { buildIndexes } from '../../libs/backfill/src/indexes/build/build-indexes.ts';
import type { DeclaredIndex } from '../../libs/backfill/src/indexes/declare/index.options.ts';
import { runMigrations } from '../../libs/backfill/src/migrations/run/migration.phase.ts';
import { migrationStatus } from '../../libs/backfill/src/migrations/run/migration.status.ts';
import { migration } from '../support/migrations/migrations.ts';
import { TestDatabase } from '../support/server/database.ts';
import { promote, restartAsStandby } from '../support/server/failover.ts';
import { startEmbedded } from '../support/server/server.ts';

const LeadNote = new EntitySchema<{ id: number; note: string }>({
  name: 'LeadNote',
  tableName: 'leads',
  columns: { id: { type: 'int', primary: true }, note: { type: 'text' } },
});

/** A log that promotes the standby when something waits for it. */
function promotingLog(server: Awaited<ReturnType<typeof startEmbedded>>) {
  const lines: string[] = [];
  const promotions: Promise<void>[] = [];
  const add = (line: string) => {
    lines.push(line);
    if (line.startsWith('Waiting for the database')) promotions.push(promote(server.server));
  };
  return { lines, promotions, log: add, warn: add };
}

describe('a failover to a server that is a standby for some seconds', () => {
  let server: Awaited<ReturnType<typeof startEmbedded>>;
  let database: TestDatabase;
  beforeAll(async () => {
    server = await startEmbedded();
    database = await TestDatabase.create(server.url);
    await database.query('CREATE TABLE leads (id int PRIMARY KEY, note text)');
  });
  afterAll(() => server.stop());

  async function withDataSource(
    migrations: readonly ReturnType<typeof migration>[],
    work: (dataSource: DataSource) => Promise<void>,
  ): Promise<void> {
    const dataSource = new DataSource({
      type: 'postgres',
      url: database.url,
      migrations: [...migrations],
      entities: [LeadNote],
    });
    await dataSource.initialize();
    try {
      await work(dataSource);
    } finally {
      await dataSource.destroy();
    }
  }

  it('before and during a migration does not fail the migrations phase', async () => {
    let hasFailedOver = false;
    const First = migration('First', {
      up: async (queryRunner) => {
        await queryRunner.query('ALTER TABLE leads ADD COLUMN first text');
      },
    });
    const Second = migration('Second', {
      up: async (queryRunner) => {
        await queryRunner.query('ALTER TABLE leads ADD COLUMN second text');
        if (hasFailedOver) return;
        hasFailedOver = true;
        await restartAsStandby(server.server);
      },
    });
    await withDataSource([First, Second], async (dataSource) => {
      await restartAsStandby(server.server);
      const before = promotingLog(server);
      expect(await migrationStatus(dataSource).catch(String)).toBeDefined();
      const report = await runMigrations(dataSource, { log: before });
      expect(report.failed?.error.message).toBeUndefined();
      expect(report).toMatchObject({ outcome: 'done', ran: [{ name: First.name }, { name: Second.name }] });
      expect(hasFailedOver).toBe(true);
      await Promise.all(before.promotions);
    });
  });

  it('does not fail the indexes phase', async () => {
    await withDataSource([], async (dataSource) => {
      await restartAsStandby(server.server);
      const log = promotingLog(server);
      const index = {
        className: 'Notes',
        options: { name: 'leads_note', entity: LeadNote, columns: ['note'] },
      };
      expect(await buildIndexes(dataSource, [index as DeclaredIndex], { log })).toMatchObject({
        outcome: 'done',
        indexes: [{ status: 'built' }],
      });
      expect(log.promotions).toHaveLength(1);
      await Promise.all(log.promotions);
    });
  });
});
