import { MigrationExecutor } from 'typeorm';
import { DataInMigrationError } from '../../../libs/backfill/src/migrations/migration.error.ts';
import { runMigrations } from '../../../libs/backfill/src/migrations/run/migration.phase.ts';
import { ActiveLead, GuardStage } from '../../support/migrations/guard-stage.ts';
import {
  migration,
  postgresDataSource,
  rejection,
  withDataSource,
} from '../../support/migrations/migrations.ts';
import { ROUTES } from './routes.fixtures.ts';

const stage = GuardStage.forFile();

const allowsData = { reason: 'five rows', tables: ['leads'] };

/** The guard counts rows on the migration's own connection only, and it reads no messages without a text. */
const REFUSED_ANYWAY = new Set([
  'a DO block on another connection whose EXECUTE cannot be read',
  'a client with a query object that has no text',
  'query() with a query configuration instead of a text',
  'query() without a text',
]);
/** It needs the package pg-query-stream. */
const NOT_INSTALLED = 'stream()';

describe('a migration with an exemption', () => {
  beforeEach(async () => {
    await stage.database.query('DELETE FROM leads');
    await stage.database.query('INSERT INTO leads SELECT n FROM generate_series(1, 5) n');
  });

  it.each(ROUTES.filter(([name]) => !REFUSED_ANYWAY.has(name) && name !== NOT_INSTALLED))(
    'changes rows of the table through %s, and is recorded',
    async (_name, route) => {
      const Migration = migration('Route', { allowsData, up: (queryRunner) => route(queryRunner, stage) });
      await execute(Migration);
      expect(await recorded(Migration.name)).toBe(1);
    },
  );

  it.each(ROUTES.filter(([name]) => REFUSED_ANYWAY.has(name)))(
    'is refused through %s',
    async (_name, route) => {
      const Migration = migration('Route', { allowsData, up: (queryRunner) => route(queryRunner, stage) });
      expect(await rejection(execute(Migration))).toBeInstanceOf(DataInMigrationError);
    },
  );

  it('is refused with the reason if it sends SQL on another connection that cannot be read', async () => {
    const up = () =>
      stage.imported.query(`DO $$ DECLARE t text; BEGIN SELECT note INTO t FROM leads; EXECUTE t; END $$`);
    const { message } = (await rejection(execute(migration('Unread', { allowsData, up })))) as Error;
    expect(message).toMatch(/^Unread\d+\.up\(\) runs SQL whose effect is unknown: EXECUTE runs a string/);
    expect(message).toContain('rule: dynamic-sql');
  });
});

it('a migration may use `queryRunner.manager`, and a later one too, in every transaction mode', async () => {
  for (const transaction of ['all', 'each', 'none'] as const) {
    const steps = ['First', 'Second'].map((name) =>
      migration(name, {
        allowsData,
        up: async ({ manager }) => {
          await manager.query('SELECT 1');
          await manager.getRepository(ActiveLead).update(1, { note: name });
        },
      }),
    );
    await withDataSource(
      postgresDataSource(stage.database, steps, { entities: [ActiveLead] }),
      async (dataSource) => {
        expect(await runMigrations(dataSource, { transaction })).toMatchObject({ outcome: 'done' });
      },
    );
    expect(await stage.database.query(`SELECT note FROM leads WHERE id = 1`)).toEqual([{ note: 'Second' }]);
  }
});

it('after a migration, the query runner of its caller still has its own manager', async () => {
  const queryRunner = stage.dataSource.createQueryRunner();
  const { manager } = queryRunner;
  await new (migration('Reads', { up: ({ manager: guarded }) => guarded.query('SELECT 1') }))().up(
    queryRunner,
  );
  expect(queryRunner.manager).toBe(manager);
  await expect(queryRunner.manager.query('SELECT 1 AS one')).resolves.toEqual([{ one: 1 }]);
  await queryRunner.release();
});

/** Runs and records the migration as TypeORM does, in a transaction of its own. */
async function execute(Migration: ReturnType<typeof migration>): Promise<void> {
  const dataSource = await stage.connect({ migrations: [Migration] });
  try {
    const executor = new MigrationExecutor(dataSource);
    executor.transaction = 'each';
    await executor.executePendingMigrations();
  } finally {
    await dataSource.destroy();
  }
}

async function recorded(name: string): Promise<number | undefined> {
  const [row] = await stage.database.query<{ n: number }>(
    `SELECT count(*)::int AS n FROM migrations WHERE name = '${name}'`,
  );
  return row?.n;
}
