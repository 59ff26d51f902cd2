import {
  addThings,
  startDeployApp,
  MIGRATIONS,
  executedMigrations,
  runTypeormCommand,
} from '../support/applications/deploy-app.ts';
import { TestDatabase } from '../support/server/database.ts';
import { CreateThings1700000000001 } from '../fixtures/deploy-app/migrations.mjs';
import { LockHolder } from '../support/server/lock-holder.ts';
import { postgresDataSource, withDataSource } from '../support/migrations/migrations.ts';
import { until } from '../support/runs/until.ts';

const LEASE_MS = 2_000;

describe('a process that runs migrations', () => {
  let database: TestDatabase;

  /** Creates the table as it is before the migration that adds the label. */
  beforeEach(async () => {
    database = await TestDatabase.create();
    const dataSource = postgresDataSource(database, [CreateThings1700000000001]);
    await withDataSource(dataSource, () => dataSource.runMigrations());
  });

  afterEach(async () => {
    await database.drop();
  });

  const hasLabel = async () =>
    (
      await database.query(
        `SELECT FROM information_schema.columns WHERE table_name = 'things' AND column_name = 'label'`,
      )
    ).length > 0;

  it('delays the next process for no longer than its lease after it is killed', async () => {
    const holder = await LockHolder.hold(database, 'SELECT FROM things', 'a user');
    const killed = startDeployApp(database, ['--migrate', '--json'], { leaseDuration: LEASE_MS });
    await Promise.race([killed.ended, until(() => holder.isWaitedFor(database))]);
    killed.child.kill('SIGKILL');
    expect((await killed.ended).code).toBeNull();
    const [lease] = await database.query<{ remainingMs: number }>(
      `SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 * 1000 AS "remainingMs"
         FROM nestjs_backfill.deploy_lease WHERE phase LIKE 'migrate %'`,
    );
    expect(lease?.remainingMs).toBeLessThanOrEqual(LEASE_MS);
    await holder.release();

    const next = await startDeployApp(database, ['--migrate', '--json'], { leaseDuration: LEASE_MS }).ended;
    expect(next.code).toBe(0);
    expect(JSON.parse(next.stdout)).toMatchObject({ outcome: 'done' });
    expect(await executedMigrations(database)).toEqual(MIGRATIONS);
  });

  it('exits with 1, names the blocking session and changes nothing if it never gets its lock', async () => {
    const holder = await LockHolder.hold(database, 'SELECT FROM things', 'a forgotten session');
    // The process reads the blocking session in the second half of the lock timeout: it is long enough for a
    // slow machine.
    const policy = { lockTimeout: 4_000, lockAttempts: 2, lockBackoff: 50 };
    const { code, stdout, stderr } = await startDeployApp(database, ['--migrate'], { migrations: { policy } })
      .ended;
    expect(code).toBe(1);
    const blocker = new RegExp(`pid ${holder.pid} \\(a forgotten session\\), idle in transaction`);
    const [attempts, failure] = (stdout + stderr).split('AddLabel1700000000002: failed');
    expect(attempts).toMatch(/AddLabel1700000000002 did not get its lock \(attempt 1 of 2\), blocked by pid/);
    expect(attempts).toMatch(blocker);
    expect(failure).toMatch(blocker);
    await holder.release();
    expect(await hasLabel()).toBe(false);
  });

  it("reports a refused data change once and changes nothing if it is TypeORM's command line", async () => {
    await addThings(database, 3);
    const { code, stdout, stderr } = await runTypeormCommand(database, 'migration:run', {
      FIXTURE_HAS_DATA_MIGRATION: '1',
    });
    expect(code).not.toBe(0);
    expect(stderr.match(/FillLabel1700000000003\.up\(\) changes rows of things/g)).toHaveLength(1);
    expect(stderr.match(/name: 'things-set-label'/g)).toHaveLength(1);
    // TypeORM logs each failed migration too.
    expect(stdout.match(/FillLabel1700000000003\.up\(\) changes rows of things/g)).toHaveLength(1);
    expect(await executedMigrations(database)).toEqual(['CreateThings1700000000001']);
    expect(await hasLabel()).toBe(false);
  });
});
