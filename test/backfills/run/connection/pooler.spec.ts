import {
  addThings,
  startDeployApp,
  MIGRATIONS,
  executedMigrations,
} from '../../../support/applications/deploy-app.ts';
import { TestDatabase } from '../../../support/server/database.ts';
import { Pgbouncer } from '../../../support/server/pgbouncer.ts';
import { LockHolder } from '../../../support/server/lock-holder.ts';
import type { ProcessResult } from '../../../support/applications/fixture-app.ts';

Pgbouncer.describe('through a pooler in transaction mode', () => {
  let bouncer: Pgbouncer;
  let database: TestDatabase;
  let pooled: TestDatabase;

  beforeAll(async () => {
    // The pooler has fewer server sessions than the two processes have connections, so each transaction may
    // run in another server session.
    bouncer = await Pgbouncer.start({ poolSize: 4 });
    database = await TestDatabase.create();
    pooled = database.at(bouncer.url(database));
  });

  afterAll(async () => {
    await bouncer?.stop();
    await database?.drop();
  });

  const runTwo = (argument: string) =>
    Promise.all([1, 2].map(() => startDeployApp(pooled, [argument, '--json']).ended));
  const outcomes = (ended: readonly ProcessResult[]) =>
    ended
      .map(({ code, stdout, stderr }) => {
        expect(code === 0 ? '' : stdout + stderr).toBe('');
        return (JSON.parse(stdout) as { outcome: string }).outcome;
      })
      .sort();

  it('two processes that migrate at the same time run each migration once', async () => {
    // Blocks the first process in its first migration until the other one waits for it.
    const gate = await LockHolder.hold(database, `CREATE TABLE things (id int)`);
    const running = [1, 2].map(() => startDeployApp(pooled, ['--migrate', '--json']));
    await Promise.race(running.map((each) => each.printed('Waiting for \\"migrate\\", which pid')));
    await gate.release('ROLLBACK');
    expect(outcomes(await Promise.all(running.map(({ ended }) => ended)))).toEqual(['done', 'nothing-to-do']);
    expect(await executedMigrations(database)).toEqual(MIGRATIONS);
  });

  it('two processes that build indexes at the same time build each once, and name the blocker of a build', async () => {
    await addThings(database, 200);
    const writer = await LockHolder.hold(database, 'UPDATE things SET name = name WHERE id = 1', 'a report');
    const running = startDeployApp(pooled, ['--indexes', '--json']);
    await running.printed('waiting for pid');
    const other = startDeployApp(pooled, ['--indexes', '--json']);
    await other.printed('Waiting for \\"indexes\\", which pid');
    await writer.release();
    expect(outcomes(await Promise.all([running.ended, other.ended]))).toEqual(['done', 'nothing-to-do']);
    expect((await running.ended).stderr).toContain('a report');
    expect(await valid('things_without_label')).toEqual([{ indisvalid: true }]);
  });

  it('a stop signal ends the build of an index', async () => {
    await database.query('DROP INDEX things_without_label');
    const writer = await LockHolder.hold(database, 'UPDATE things SET name = name WHERE id = 1');
    const running = startDeployApp(pooled, ['--indexes', '--json']);
    await running.printed('waiting for pid');
    running.child.kill('SIGTERM');
    const { code, stdout } = await running.ended;
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'warnings',
      dataSources: [{ indexes: [{ status: 'stopped' }] }],
    });
    expect(
      await database.query('SELECT FROM pg_stat_progress_create_index WHERE datname = current_database()'),
    ).toEqual([]);
    await writer.release();
  });

  it('two processes complete the backfills together and leave no setting in other sessions', async () => {
    outcomes(await runTwo('--backfill'));
    expect(await database.query('SELECT count(*)::int AS left FROM things WHERE label IS NULL')).toEqual([
      { left: 0 },
    ]);
    expect(outcomes(await runTwo('--deploy'))).toEqual(['complete', 'nothing-to-do']);
    expect(await valid('things_without_label')).toEqual([{ indisvalid: true }]);
    for (const setting of ['lock_timeout', 'statement_timeout', 'idle_in_transaction_session_timeout'])
      expect(await pooled.query(`SELECT current_setting('${setting}') AS now`)).toEqual([{ now: '0' }]);
  });

  const valid = (name: string) =>
    database.query(`SELECT indisvalid FROM pg_index WHERE indexrelid = $1::regclass`, [name]);
});
