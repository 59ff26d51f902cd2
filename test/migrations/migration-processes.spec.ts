import {
  addThings,
  startDeployApp,
  MIGRATIONS,
  executedMigrations,
  runTypeormCommand,
} from '../support/deploy-app.ts';
import { TestDatabase } from '../support/database.ts';
import { CreateThings1700000000001 } from '../fixtures/deploy-app/migrations.mjs';
import { LockHolder } from '../support/lock-holder.ts';
import { postgresDataSource, withDataSource } from '../support/migrations.ts';
import { until } from '../support/until.ts';

/** Milliseconds. */
const LEASE = 2_000;

describe('a process that migrates', () => {
  let database: TestDatabase;

  /** Things, from before they had a label. */
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

  it('and is killed holds the next one up for no longer than its lease', async () => {
    const user = await LockHolder.hold(database, 'SELECT FROM things', 'a user');
    const killed = startDeployApp(database, ['--migrate', '--json'], { leaseDuration: LEASE });
    await Promise.race([killed.ended, until(() => user.isWaitedFor(database))]);
    killed.child.kill('SIGKILL');
    expect((await killed.ended).code).toBeNull();
    const [held] = await database.query<{ left: number }>(
      `SELECT extract(epoch FROM expires_at - clock_timestamp())::float8 * 1000 AS left
         FROM nestjs_backfill.deploy_lease WHERE phase = 'migrate'`,
    );
    expect(held?.left).toBeLessThanOrEqual(LEASE);
    await user.release();

    const next = await startDeployApp(database, ['--migrate', '--json'], { leaseDuration: LEASE }).ended;
    expect(next.code).toBe(0);
    expect(JSON.parse(next.stdout)).toMatchObject({ outcome: 'done' });
    expect(await executedMigrations(database)).toEqual(MIGRATIONS);
  });

  it('and is blocked for ever ends with 1, names the blocker, and leaves nothing half-done', async () => {
    const user = await LockHolder.hold(database, 'SELECT FROM things', 'a user who forgot it');
    // Half of the lock timeout must do to ask who holds the lock, on a machine that is busy as well.
    const policy = { lockTimeout: 2_000, lockAttempts: 2, lockBackoff: 50 };
    const { code, stdout, stderr } = await startDeployApp(database, ['--migrate'], { migrations: { policy } })
      .ended;
    expect(code).toBe(1);
    const blocker = new RegExp(`pid ${user.pid} \\(a user who forgot it\\), idle in transaction`);
    const [tries, end] = (stdout + stderr).split('AddLabel1700000000002: failed');
    expect(tries).toMatch(/AddLabel1700000000002 did not get its lock \(attempt 1 of 2\), blocked by pid/);
    expect(tries).toMatch(blocker);
    expect(end).toMatch(blocker);
    await user.release();
    expect(await hasLabel()).toBe(false);
  });

  it("by TypeORM's command line is guarded as well: a change of rows is refused, told once, and nothing of it stays", async () => {
    await addThings(database, 3);
    const { code, stdout, stderr } = await runTypeormCommand(database, 'migration:run', {
      FIXTURE_MIXES: '1',
    });
    expect(code).not.toBe(0);
    expect(stderr.match(/FillLabel1700000000003\.up\(\) changes rows of things/g)).toHaveLength(1);
    expect(stderr.match(/name: 'things-set-label'/g)).toHaveLength(1);
    // TypeORM's own log has a line on each migration that failed.
    expect(stdout.match(/FillLabel1700000000003\.up\(\) changes rows of things/g)).toHaveLength(1);
    expect(await executedMigrations(database)).toEqual(['CreateThings1700000000001']);
    expect(await hasLabel()).toBe(false);
  });
});
